"""Bytes to text, before YAML: the encoding, and the characters that a spec may hold."""

from __future__ import annotations

import re
import unicodedata

from ddspgraph.diagnostics import Report, Source, Span, fail

# C0 without tab and line ends, DEL, C1, surrogates, noncharacters and a second byte-order mark: YAML's own
# list. The bidi controls let a line read otherwise than it is (Boucher & Anderson, Trojan Source, 2021), and
# U+2028 and U+2029 are line ends to some readers only.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
_MOST_REPORTED = 20


def decode(data: bytes, name: str) -> Source:
    """The text of a file; a UTF-8 byte-order mark at its start is dropped.

    Raises:
      GraphError: E102 where the bytes are not UTF-8.
    """
    shown = data.decode("utf-8", errors="replace")
    for mark, encoding in (
        (b"\xff\xfe", "UTF-16 or UTF-32"),
        (b"\xfe\xff", "UTF-16"),
        (b"\0\0\xfe\xff", "UTF-32"),
    ):
        if data.startswith(mark):
            raise fail(
                "E102",
                f"the file is {encoding}, a spec is UTF-8",
                Span.start_of(Source(name, shown)),
                hint="save it as UTF-8",
            )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        source = Source(name, shown.removeprefix("\ufeff"))
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        raise fail(
            "E102",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            span_at(source, before, 1),
            hint="save the file as UTF-8 (is it Latin-1 or Windows-1252?)",
        ) from None
    return Source(name, text.removeprefix("\ufeff"))


def span_at(source: Source, before: str, length: int) -> Span:
    """The span of `length` characters of one line after the text `before`."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n")
    line, column = lines.count("\n") + 1, len(lines) - lines.rfind("\n")
    return Span(source, line, column, line, column + length)


def forbidden_character(text: str) -> str | None:
    """The name of the first character in `text` that a spec may not hold."""
    found = _FORBIDDEN.search(text)
    return _character_name(found.group()) if found else None


def check_characters(source: Source) -> None:
    """Raises E102 for every character that a spec may not hold (the first twenty)."""
    report = Report()
    for found in _FORBIDDEN.finditer(source.text):
        span = span_at(source, source.text[: found.start()], 1)
        hint = "is the file UTF-16? save it as UTF-8" if found.group() == "\0" else None
        report.add("E102", f"a spec cannot hold {_character_name(found.group())}", span, hint=hint)
        if len(report.diagnostics) == _MOST_REPORTED:
            break
    report.raise_errors()


def _character_name(character: str) -> str:
    name = unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} ({name.lower()})"
