"""YAML events to located values, in one pass that counts before it builds.

No YAML loader or constructor runs: the events of the parser become values here, and the first event past a
limit ends the reading. Three facts ask for that (measured with PyYAML 6.0.3): the C loader dies by a signal
at 30,000 nested brackets, parsing such a text to its end is quadratic, and merge keys cost time exponential
in their nesting inside of the loader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from ddspgraph.compiler.frontend.values import Document, Value
from ddspgraph.compiler.frontend.yaml.collections import SHOWN, OpenCollection
from ddspgraph.compiler.frontend.yaml.scalars import IntegerTooLarge, NotFinite, resolve
from ddspgraph.compiler.frontend.yaml.syntax import syntax_error
from ddspgraph.compiler.frontend.yaml.text import forbidden_character, span_at
from ddspgraph.diagnostics import GraphError, Note, Report, Source, Span, fail
from ddspgraph.limits import Limits

#: libyaml's parser where the wheel has it: ten times faster, the same marks.
PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: After this many findings the rest of the file is not worth reading.
_MOST_REPORTED = 100

_Collection = yaml.SequenceStartEvent | yaml.MappingStartEvent


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Value
    size: int  # values in it, aliases written out
    height: int  # nesting of it, aliases written out


def build(source: Source, limits: Limits, parser: type = PARSER) -> Document:
    """The document of a text whose characters are checked.

    Raises:
      GraphError: E101 to E108, E203, E503, E702 to E706: all that was found up to where reading ended.
    """
    return _Builder(source, limits).run(parser)


class _Builder:
    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.report = Report()
        self.open: list[OpenCollection] = []
        self.anchors: dict[str, OpenCollection | _Anchored] = {}
        self.values = 0  # so far, aliases and merges written out
        self.root: Value | None = None

    def run(self, parser: type) -> Document:
        self._refuse_tag_directives()
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        count = 0
        try:
            for event in yaml.parse(self.source.text, Loader=parser):
                count += 1
                if count > self.limits.events:
                    self._stop("E703", f"more than {self.limits.events:,} YAML events", self._span(event))
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
                if len(self.report.diagnostics) >= _MOST_REPORTED:
                    break
        except yaml.YAMLError as error:
            syntax_error(self.source, error, self.open, self.report)
        self.report.raise_errors()
        return self._finished()

    def _finished(self) -> Document:
        root = self.root
        if root is None or root.data is None:
            at = root.span if root else Span.start_of(self.source)
            raise fail("E105", "the document is empty", at, hint="a spec begins with `version: 2`")
        if not root.is_mapping:
            begun = re.match(r"(\w+):(\S+)", root.data) if isinstance(root.data, str) else None
            hint = "a spec is a mapping of keys to values, such as `version: 2`"
            hint = f"write a space after the colon: `{begun[1]}: {begun[2]}`" if begun else hint
            raise fail("E105", f"the document is {root.kind}, not a mapping", root.span, hint=hint)
        return Document(root, self.source)

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        if self.root is not None:
            hint = "one file holds one spec: remove this line and what follows"
            self._stop("E106", "a second document begins", self._span(event), hint=hint)
        if event.version is not None and tuple(event.version) != (1, 2):
            message = f"the file says YAML {'.'.join(map(str, event.version))}; a spec is YAML 1.2"
            self.report.add("E101", message, self._span(event), hint="remove the directive")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        span, text = self._span(event), event.value
        limit = self.limits.scalar_bytes
        if len(text) > limit or (len(text) * 4 > limit and len(text.encode(errors="replace")) > limit):
            self._stop("E705", f"a scalar of more than {limit:,} bytes", span)
        bad = forbidden_character(text)
        if bad is not None:
            self.report.add("E102", f"a spec cannot hold {bad}, not even escaped", span)
        self._refuse_tag(event, span)
        is_key = bool(self.open) and self.open[-1].takes_key
        if is_key:
            self.open[-1].add_key(text, span, is_plain=not event.style)
        else:
            self._count(1, span)
        if is_key and event.anchor is None:
            return
        value = Value(text if event.style else self._resolved(text, span), span)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, 1, 0)
        if not is_key:
            self._add(value, 0, span)

    def _resolved(self, text: str, span: Span) -> bool | int | float | str | None:
        try:
            return resolve(text, self.limits.integer_magnitude)
        except NotFinite:
            message = f"'{text[:SHOWN]}' is not a finite number"
            hint = "no number is silence in dB: write a low level, such as -120 dB" if text[:1] == "-" else None
            self.report.add("E503", message, span, hint=hint or "write a finite number; quote it to mean text")
        except IntegerTooLarge:
            message = f"an integer beyond {self.limits.integer_magnitude:,}"
            self.report.add("E706", message, span, hint="quote it to mean text")
        return 0

    def _start(self, event: _Collection) -> None:
        span = self._span(event)
        if len(self.open) >= self.limits.depth:
            self._stop("E702", f"nested deeper than {self.limits.depth} levels", span)
        self._count(1, span)
        self._refuse_tag(event, span)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        before = self.values - 1
        within = self.open[-1].key if self.open else None
        opened = OpenCollection(is_mapping, bool(event.flow_style), span, event.anchor, before, self.report, within)
        self.open.append(opened)
        if event.anchor is not None:
            self.anchors[event.anchor] = opened

    def _end(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> None:
        done = self.open.pop()
        value = done.close(self._span(event))
        # An inner collection may have taken the same anchor since; the later one holds.
        if done.anchor is not None and self.anchors.get(done.anchor) is done:
            self.anchors[done.anchor] = _Anchored(value, self.values - done.values_before, done.height)
        self._add(value, done.height, value.span)

    def _alias(self, event: yaml.AliasEvent) -> None:
        span, name = self._span(event), event.anchor[:SHOWN]
        found = self.anchors.get(event.anchor)
        value, size, height = (
            Value({}, span),
            1,
            0,
        )  # of a bad alias: may stand anywhere, so one finding is enough
        if found is None:
            self.report.add("E107", f"no anchor '&{name}' stands before this alias", span)
        elif isinstance(found, OpenCollection):
            note = Note(f"'&{name}' is", found.span)
            self.report.add("E107", f"the alias '*{name}' stands inside of what it names", span, note)
        else:
            value, size, height = found.value, found.size, found.height
        if len(self.open) + height > self.limits.depth:
            self._stop("E702", f"nested deeper than {self.limits.depth} levels, aliases written out", span)
        self._count(size, span)
        if self.open and self.open[-1].takes_key:
            self.open[-1].refuse_key("an alias", span, "write the key out")
        else:
            self._add(value, height, span)

    def _add(self, value: Value, height: int, place: Span) -> None:
        if self.open:
            self.open[-1].add(value, height, place)
        else:
            self.root = value

    def _count(self, size: int, span: Span) -> None:
        self.values += size
        if self.values > self.limits.values:
            self._stop("E704", f"more than {self.limits.values:,} values, aliases written out", span)

    def _stop(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.report.add(code, message, span, hint=hint)
        raise GraphError(self.report.diagnostics)

    def _refuse_tag(self, event: yaml.ScalarEvent | _Collection, span: Span) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!", 1)[:SHOWN]
            hint = "remove it, or quote a text that begins with '!'"
            self.report.add("E104", f"the tag '{tag}': a spec is plain data", span, hint=hint)

    def _refuse_tag_directives(self) -> None:
        # libyaml compares each %TAG with all before it: 40,000 of them take 2 s.
        text = self.source.text
        at = max(text.find("\n%TAG"), text.find("\r%TAG")) + 1
        if text.startswith("%TAG", at):
            span = span_at(self.source, text[:at], 4)
            raise fail("E104", "a %TAG directive: a spec is plain data", span, hint="remove it")

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
