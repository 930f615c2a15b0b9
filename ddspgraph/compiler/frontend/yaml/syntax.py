"""What a YAML parser complains of -> what is wrong, at the line where it is wrong, and what to write there."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from ddspgraph.compiler.frontend.yaml.collections import OpenCollection
from ddspgraph.diagnostics import Note, Report, Source, Span

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
#: What the mapping at the top of a spec holds under these names are mappings too, and never lists.
_NAMED = ("clock", "params", "inputs", "nodes", "outputs", "losses", "training")
_COLON_PROBLEMS = ("mapping values are not allowed", "could not find expected ':'")
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7})(?: |$)")
_BRACED = re.compile(r"\$\{ *(?P<name>[\w.]+) *\}?")
# A line that would be a key and its value, if it had a colon and a space.
_NO_COLON = re.compile(r"\s*(?:- )?(?P<key>[A-Za-z_][\w-]{0,80})(?P<gap>:(?=\S)| *=+ *| +|)(?P<value>[^\s:=#][^:#]*)?")
_NO_COLON_BEFORE_BRACKET = re.compile(r"\s*(?:- )?(?P<key>[A-Za-z_][\w-]{0,80}) *[{\[]")
# In braces or brackets: a minus apart from its number, a value and the next key with no comma between them, and a key
# that a bracket follows.
_MINUS_APART = re.compile(r"- +(?P<number>\.?[0-9][^,\]}#]*)")
_NO_COMMA = re.compile(r"(?P<value>[^\s,:{}\[\]\"'][^,:{}\[\]\"']*?)(?: *;)? +(?P<key>[A-Za-z_][\w-]*) *")
_KEY_IN_FLOW = re.compile(r"[{,] *(?P<key>[A-Za-z_][\w-]*) *")
_OTHER_COMMENT = re.compile(r"\s*(?://|--|;|%|/\*)+ *(?P<text>.*?)(?: *\*/)?$")
_MOST_LINES_UP = 20

#: What is wrong, where, and what to write.
Finding = tuple[str, Span, str | None]


def syntax_error(source: Source, error: yaml.YAMLError, opened: Sequence[OpenCollection], report: Report) -> None:
    """Adds a syntax error of the YAML parser to the report: E101, or E104 where it is a tag.

    It stands where the slip is, which may lie before the parser's mark: at the line without a colon, at the
    quote or bracket that is never closed. `opened` are the collections that are open there.
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
    bracket = next((collection.bracket for collection in reversed(opened) if collection.is_flow), None)
    slip = _conflict(source, span) or _braced(source, span) or _minus_apart(source, span)
    if slip is None and "or '}'" in problem:
        slip = _in_braces(source, span)
    if "quote is opened" in said and context_mark is not None:
        span, bracket = _mark_span(source, context_mark), None
    elif slip is not None:
        said, span, hint = slip
        bracket = None
    elif bracket is not None and mark is not None and _is_past(source, mark, bracket):
        opening = _character_at(source, bracket)
        span, bracket = bracket, None
        said, hint = f"this '{opening}' is never closed", f"close it with '{_CLOSING.get(opening)}'"
    else:
        found = _at_the_mark(source, problem, span) or _list_for_mapping(source, span, problem, opened)
        if found is None and any(part in problem for part in _COLON_PROBLEMS):
            start = context_mark.line + 1 if context_mark is not None else span.line
            found = _missing_colon(source, span, start)
        said, span, hint = found or (said, span, hint)
    notes = (Note(f"the '{_character_at(source, bracket)}' is", bracket),) if bracket is not None else ()
    report.add("E101", said, span, *notes, hint=hint)


def _is_past(source: Source, mark: yaml.Mark, bracket: Span) -> bool:
    """Whether the reading ended below what a bracket should have held: at the end, or at the next key."""
    if mark.index >= len(source.text.rstrip()):
        return True
    return mark.line + 1 > bracket.line and re.match(r"\s*[\w-]+:(?:\s|$)", source.line(mark.line + 1)) is not None


def _conflict(source: Source, span: Span) -> Finding | None:
    for line in range(span.line, max(0, span.line - 3), -1):
        if _CONFLICT.match(source.line(line)):
            return "a mark of a merge conflict", Span.of_line(source, line), "keep one of the two versions"
    return None


def _braced(source: Source, span: Span) -> Finding | None:
    """`${name}`, which is how other languages of configuration write `$name`."""
    for found in _BRACED.finditer(source.line(span.line)):
        if found.start() < span.column <= found.end() + 1:
            place = Span(source, span.line, found.start() + 1, span.line, found.end() + 1)
            name = found["name"].rpartition(".")[2]
            return "a constant is written without braces", place, f"write ${name}"
    return None


def _minus_apart(source: Source, span: Span) -> Finding | None:
    """`gain: - 6 dB`, which YAML takes for a list."""
    line, start = source.line(span.line), span.column - 1
    found = _MINUS_APART.match(line, start)
    if found is None or not line[:start].strip(" -"):
        return None
    place = Span(source, span.line, start + 1, span.line, start + 1 + len(found.group().rstrip()))
    return "a space between the minus and its number", place, f"write -{found['number'].rstrip()}"


def _in_braces(source: Source, span: Span) -> Finding | None:
    """A comma that is missing before a key, and a colon before a bracket."""
    line = source.line(span.line)
    before, character = line[: span.column - 1], _character_at(source, span)
    start = max(before.rfind(mark) for mark in ",:{[") + 1
    start += len(before[start:]) - len(before[start:].lstrip())
    if character == ":" and (found := _NO_COMMA.fullmatch(before, start)):
        key, end = found["key"], found.end("key")
        place = Span(source, span.line, start + 1, span.line, end + 1)
        return f"a ',' is missing before '{key}'", place, f"write `{found['value'].rstrip(' ;')}, {key}`"
    found = _KEY_IN_FLOW.fullmatch(before, max(before.rfind(mark) for mark in ",{")) if character in "[{" else None
    if found is None:
        return None
    place = Span(source, span.line, found.start("key") + 1, span.line, span.column + 1)
    return f"a colon and a space are missing after '{found['key']}'", place, f"write `{found['key']}: {character}`"


def _at_the_mark(source: Source, problem: str, span: Span) -> Finding | None:
    """What the character at the mark, or the one before it, says of the slip."""
    line, character = source.line(span.line), _character_at(source, span)
    before = line[: span.column - 1]
    if character == "\t" or "\t" in _indentation(line):
        return "a tab where YAML wants spaces", span, "indent with spaces"
    if "cannot start any token" in problem:
        word = re.match(r"[\w.]*", line[span.column :])
        name = word.group().rpartition(".")[2] if word else ""
        written = {"%": f"a constant is written ${name}", "@": f"write the name alone, {name}"}.get(character, "")
        hint = written if name and written else f"quote it: '{character}...'"
        if not before.strip() and character == "%":
            hint = "a comment begins with #"
        return f"a value cannot begin with {character!r}", span, hint
    if "did not find expected" not in problem:
        return None
    if character in (";", ",") and before.strip():
        return f"a '{character}' after the value", span, "remove it"
    if before[-1:] in ("'", '"') and character.strip():
        hint = "write '' for a ' inside of single quotes, or use double quotes"
        return "text after the closing quote", span, hint if before[-1] == "'" else 'write \\" for a " inside of quotes'
    if not before.strip() and character != "-":
        return _wrong_indentation(source, span, len(before))
    return None


def _wrong_indentation(source: Source, span: Span, indent: int) -> Finding | None:
    above = [source.line(n) for n in range(max(1, span.line - _MOST_LINES_UP), span.line)]
    used = {len(_indentation(line)) for line in above if line.strip() and not line.strip().startswith("#")}
    if indent in used or not used:
        return None
    near = [
        str(n)
        for n in (
            max((n for n in used if n < indent), default=None),
            min((n for n in used if n > indent), default=None),
        )
        if n is not None
    ]
    spaces = f"{indent} space{'s' * (indent != 1)}"
    return f"indented by {spaces}, as nothing above it is", span, f"indent it by {' or '.join(near)}"


def _list_for_mapping(source: Source, span: Span, problem: str, opened: Sequence[OpenCollection]) -> Finding | None:
    """Dashes before the names of `nodes` and its like."""
    section = opened[0].key if opened else None
    if section not in _NAMED:
        return None
    hint = "write the names without dashes: `name:` for `- name:`"
    said = f"'{section}' is a mapping of names, not a list"
    if "'-' indicator" in problem and len(opened) > 1 and not opened[1].is_mapping:
        first = opened[1].span
        return said, Span(source, first.line, first.column, first.line, first.column + 1), hint
    return (said, span, hint) if _character_at(source, span) == "-" and "block sequence" not in problem else None


def _missing_colon(source: Source, span: Span, start: int) -> Finding | None:
    """The line that lacks a colon: a key with a bracket in the marked line, or what stands above it."""
    found = _NO_COLON_BEFORE_BRACKET.match(source.line(span.line))
    if found and found.end() <= span.column:
        place = Span(source, span.line, found.start("key") + 1, span.line, found.end("key") + 1)
        return f"a colon is missing after '{found['key']}'", place, f"write `{found['key']}:`"
    line, at = span.line - 1, None
    while line >= max(1, min(start, span.line - 1), span.line - _MOST_LINES_UP):
        text = source.line(line)
        if text.strip() and not text.lstrip().startswith("#"):
            if not (_OTHER_COMMENT.fullmatch(text) or _NO_COLON.fullmatch(text)):
                break
            at = line
        line -= 1
    return _line_without_colon(source, at) if at is not None else None


def _line_without_colon(source: Source, line: int) -> Finding:
    text = source.line(line)
    place = Span.of_line(source, line, len(_indentation(text)) + 1)
    found = _NO_COLON.fullmatch(text)
    if found is None:
        comment = _OTHER_COMMENT.fullmatch(text)
        return (
            "neither a key nor a comment, which begins with #",
            place,
            f"write `# {comment['text'] if comment else ''}`",
        )
    key, gap, value = found["key"], found["gap"], (found["value"] or "").strip()
    if gap == ":":
        return f"a space is missing after '{key}:'", place, f"write `{key}: {value}`"
    if not value:
        return f"a colon is missing after '{key}'", place, f"write `{key}:`"
    return f"a colon and a space are missing after '{key}'", place, f"write `{key}: {value}`"


def _character_at(source: Source, span: Span | None) -> str:
    return source.line(span.line)[span.column - 1 : span.column] if span is not None else ""


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _mark_span(source: Source, mark: yaml.Mark | None) -> Span:
    if mark is None:
        return Span.start_of(source)
    return Span(source, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
