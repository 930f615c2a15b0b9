"""Bytes to text, before YAML: the encoding, the characters that a spec may hold, and E101 in plain words."""

from __future__ import annotations

import re
import unicodedata

import yaml

from ddspgraph.diagnostics import Note, Report, Source, Span, fail

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


_QUOTE = "quote a text that holds ': ', or check the indentation"
_SPACE = "write a space after the colon: `key: value`"
# What PyYAML and libyaml say -> what we say and how to repair it, tried in this order.
_PROBLEMS: tuple[tuple[str, str, str | None], ...] = (
    ("mapping values are not allowed", "a ':' where no key can be", _QUOTE),
    ("unexpected ':'", "a ':' with no key before it, or no space after it", _SPACE),
    ("could not find expected ':'", "a ':' is missing after this key", _SPACE),
    ("block sequence entries", "a '- ' where no list can be", "begin the list on a line of its own, indented"),
    ("or ']'", "a list in brackets is not closed, or a ',' is missing", "close it with ']'"),
    ("or '}'", "a mapping in braces is not closed, or a ',' is missing", "close it with '}'"),
    ("unexpected end of stream", "a quote is opened and never closed", "close the quote"),
    ("unexpected document", "a quote is opened and not closed before the document ends", "close the quote"),
    ("escape", "an escape that YAML does not know", "write '\\\\' for a backslash, or use single quotes"),
    ("node content", "a value is missing", None),
    ("did not find expected key", "this does not continue the mapping", "check the indentation and the quotes"),
    ("<block end>", "this does not continue the block", "check the indentation and the quotes"),
    ("'-' indicator", "this does not continue the list", "check the indentation"),
    ("alphabetic or numeric", "an anchor or alias without a name", "quote a text that begins with '*' or '&'"),
    ("incompatible YAML", "a %YAML directive of an unknown version", "remove it: specs are YAML 1.2"),
    ("directive", "a '%' directive that YAML does not know", "quote a text that begins with '%'"),
)  # fmt: skip
_CLOSING = {"[": "]", "{": "}"}
_NO_SPACE_AFTER_COLON = re.compile(r"\s*(?:- )*[\w./-]{1,200}:[^\s:/]")


def syntax_error(source: Source, error: yaml.YAMLError, bracket: Span | None, report: Report) -> None:
    """Adds a syntax error of the YAML parser to the report: E101, or E104 where it is a tag.

    It stands at the parser's mark, or where the unclosed quote or bracket opens if that is the end of the
    text; `bracket` is the innermost `[` or `{` that is open.
    """
    problem = str(getattr(error, "problem", None) or error).split("\n")[0]
    context = str(getattr(error, "context", None) or "")
    mark, context_mark = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    span = _mark_span(source, mark)
    if "tag" in problem or "tag" in context:
        hint = "quote a text that begins with '!'"
        report.add("E104", "a tag: a spec is plain data", _mark_span(source, context_mark or mark), hint=hint)
        return
    said, hint = next(((s, h) for part, s, h in _PROBLEMS if part in problem), (f"not YAML: {problem}", None))
    character, opening = _character_at(source, span), _character_at(source, bracket)
    notes = (Note(f"the '{opening}' is", bracket),) if bracket is not None else ()
    if "quote is opened" in said and context_mark is not None:
        span, notes = _mark_span(source, context_mark), ()
    elif bracket is not None and mark is not None and mark.index >= len(source.text.rstrip()):
        span, notes = bracket, ()
        said, hint = f"this '{opening}' is never closed", f"close it with '{_CLOSING.get(opening)}'"
    elif character == "\t" or "\t" in _indentation(source.line(span.line)):
        said, hint = "a tab where YAML wants spaces", "indent with spaces"
    elif "cannot start any token" in problem:
        said, hint = f"a value cannot begin with {character!r}", f"quote it: '{character}...'"
    elif any(_NO_SPACE_AFTER_COLON.match(source.line(n)) for n in (span.line, span.line - 1)):
        hint = "write a space after the colon: `key: value`"
    report.add("E101", said, span, *notes, hint=hint)


def _character_at(source: Source, span: Span | None) -> str:
    return source.line(span.line)[span.column - 1 : span.column] if span is not None else ""


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _mark_span(source: Source, mark: yaml.Mark | None) -> Span:
    if mark is None:
        return Span.start_of(source)
    return Span(source, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
