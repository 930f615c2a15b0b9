"""YAML events to located values, in one pass that counts before it builds.

No YAML loader or constructor runs: the events of the parser become values here, and the first event past a
limit ends the reading. Three facts ask for that (measured with PyYAML 6.0.3): the C loader dies by a signal
at 30,000 nested brackets, parsing such a text to its end is quadratic, and merge keys cost time exponential
in their nesting inside of the loader.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.compiler.frontend.yaml_scalars import IntegerTooLarge, NotFinite, resolve
from ddspgraph.compiler.frontend.yaml_text import forbidden_character, span_at, syntax_error
from ddspgraph.diagnostics import GraphError, Note, Report, Source, Span, fail
from ddspgraph.limits import Limits

_Tagged = yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent
#: libyaml's parser where the wheel has it: ten times faster, the same marks.
PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: After this many findings the rest of the file is not worth reading.
_MOST_REPORTED = 100


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is not yet read."""

    is_mapping: bool
    span: Span
    anchor: str | None
    values_before: int
    height: int = 1
    elements: list[Value] = field(default_factory=list)
    entries: dict[Key, Value] = field(default_factory=dict)
    merged: dict[Key, Value] = field(default_factory=dict)
    # Of a mapping: all keys so far (None stands for the merge key), and the one whose value comes next.
    keys: dict[str | None, Key] = field(default_factory=dict)
    key: Key | None = None
    takes_value: bool = False
    is_flow: bool = False
    last: Span | None = None  # where the last value in it stands


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Value
    size: int  # values in it, written out
    height: int  # nesting of it, written out


def build(source: Source, limits: Limits, parser: type = PARSER) -> Document:
    """The document of a text whose characters are checked.

    Raises:
      GraphError: E101, E103 to E108, E503, E702 to E706; all that were found up to where reading ended.
    """
    return _Builder(source, limits).run(parser)


class _Builder:
    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.report = Report()
        self.open: list[_Open] = []
        self.anchors: dict[str, _Open | _Anchored] = {}
        self.values = 0
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
            syntax_error(self.source, error, self.report)
        self.report.raise_errors()
        return self._finished()

    def _finished(self) -> Document:
        root = self.root
        if root is None or root.data is None:
            at = root.span if root else Span.start_of(self.source)
            raise fail("E105", "the document is empty", at, hint="a spec begins with `version: 2`")
        if not root.is_mapping:
            hint = "a spec is a mapping of keys to values, such as `version: 2`"
            raise fail("E105", f"the document is {root.kind}, not a mapping", root.span, hint=hint)
        return Document(root, self.source)

    # Events

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        if self.root is not None:
            hint = "one file holds one spec: remove the line '---' and what follows, or make it another file"
            self._stop("E106", "a second document begins", self._span(event), hint=hint)
        if event.version is not None and tuple(event.version) != (1, 2):
            said = ".".join(map(str, event.version))
            hint = "remove the directive"
            self.report.add(
                "E101", f"the file says YAML {said}; a spec is YAML 1.2", self._span(event), hint=hint
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        span, text = self._span(event), event.value
        limit = self.limits.scalar_bytes
        if len(text) > limit or (len(text) * 4 > limit and len(text.encode(errors="replace")) > limit):
            self._stop("E705", f"a scalar of more than {limit:,} bytes", span)
        bad = forbidden_character(text)
        if bad is not None:
            self.report.add("E102", f"a spec cannot hold {bad}, not even escaped", span)
        self._refuse_tag(event, span)
        parent = self.open[-1] if self.open else None
        if parent is not None and parent.is_mapping and not parent.takes_value:
            self._key(parent, text, not event.style, span)
            if event.anchor is not None:
                self.anchors[event.anchor] = _Anchored(self._scalar_value(event, span), 1, 0)
            return
        self._count(1, span)
        value = self._scalar_value(event, span)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, 1, 0)
        self._add(value, 0, span)

    def _scalar_value(self, event: yaml.ScalarEvent, span: Span) -> Value:
        if event.style:  # quoted or a block
            return Value(event.value, span)
        try:
            return Value(resolve(event.value, self.limits.integer_magnitude), span)
        except NotFinite:
            message = f"'{event.value[:40]}' is not a finite number"
            self.report.add("E503", message, span, hint="quote it to mean text")
        except IntegerTooLarge:
            message = f"an integer beyond {self.limits.integer_magnitude:,}"
            self.report.add("E706", message, span, hint="quote it to mean text")
        return Value(0, span)

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        span = self._span(event)
        if len(self.open) >= self.limits.depth:
            self._stop("E702", f"nested deeper than {self.limits.depth} levels", span)
        self._count(1, span)
        self._refuse_tag(event, span)
        opened = _Open(type(event) is yaml.MappingStartEvent, span, event.anchor, self.values - 1)
        opened.is_flow = bool(event.flow_style)
        self.open.append(opened)
        if event.anchor is not None:
            self.anchors[event.anchor] = opened

    def _end(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> None:
        done = self.open.pop()
        if done.is_mapping:
            # An explicit key wins over a merged one, whichever stands first.
            merged = {key: value for key, value in done.merged.items() if key not in done.entries}
            data: tuple[Value, ...] | dict[Key, Value] = {**merged, **done.entries}
        else:
            data = tuple(done.elements)
        # The end event of a block stands where the next thing begins: its own end is that of its last value.
        start, end = done.span, self._span(event) if done.is_flow or done.last is None else done.last
        value = Value(data, Span(self.source, start.line, start.column, end.end_line, end.end_column))
        if done.anchor is not None and self.anchors.get(done.anchor) is done:
            self.anchors[done.anchor] = _Anchored(value, self.values - done.values_before, done.height)
        self._add(value, done.height, value.span)

    def _alias(self, event: yaml.AliasEvent) -> None:
        span, name = self._span(event), event.anchor
        found = self.anchors.get(name)
        parent = self.open[-1] if self.open else None
        if isinstance(found, _Anchored):
            if len(self.open) + found.height > self.limits.depth:
                self._stop(
                    "E702", f"nested deeper than {self.limits.depth} levels, with aliases written out", span
                )
            self._count(found.size, span)
        elif found is None:
            self.report.add("E107", f"no anchor '&{name}' stands before this alias", span)
        else:
            note = Note(f"'&{name}' is", found.span)
            self.report.add("E107", f"the alias '*{name}' stands inside of what it names", span, note)
        if parent is not None and parent.is_mapping and not parent.takes_value:
            self.report.add("E108", "an alias cannot be a key", span, hint="write the key out")
            parent.takes_value = True
            return
        if isinstance(found, _Anchored):
            self._add(found.value, found.height, span)
        else:
            self._add(Value({}, span), 0, span)  # mergeable, so that one mistake is one finding

    # Parts of a collection

    def _add(self, value: Value, height: int, place: Span) -> None:
        if not self.open:
            self.root = value
            return
        parent = self.open[-1]
        parent.height = max(parent.height, height + 1)
        parent.last = place
        if not parent.is_mapping:
            parent.elements.append(value)
        elif not parent.takes_value:  # a list or a mapping as a key
            hint = "a value that begins with '{' or '[' is a collection: quote it to mean text"
            self.report.add("E108", f"{value.kind} cannot be a key", value.span, hint=hint)
            parent.takes_value = True
        else:
            if parent.key is not None and parent.key is parent.keys.get(None):
                self._merge(parent, value, place)
            elif parent.key is not None:
                parent.entries[parent.key] = value
            parent.key, parent.takes_value = None, False

    def _key(self, parent: _Open, text: str, is_plain: bool, span: Span) -> None:
        parent.takes_value = True
        parent.last = span
        if is_plain and not text:
            self.report.add("E108", "a key is missing before the ':'", span)
            return
        name = None if is_plain and text == "<<" else text
        first = parent.keys.get(name)
        if first is not None:
            message = f"the key '{text[:80]}' stands twice in this mapping"
            note = Note(f"'{text[:80]}' stands first", first.span)
            self.report.add("E103", message, span, note, hint="remove one of them")
            return
        parent.key = parent.keys[name] = Key(text, span)

    def _merge(self, parent: _Open, value: Value, place: Span) -> None:
        """Merge keys (yaml.org/type/merge.html): of several mappings the first that has a key gives it."""
        for part in value.elements() if value.is_list else (value,):
            if not part.is_mapping:
                self.report.add("E203", f"'<<' merges mappings, this is {part.kind}", place)
                return
            for key, merged in part.items():
                parent.merged.setdefault(key, merged)

    # Limits and places

    def _count(self, size: int, span: Span) -> None:
        self.values += size
        if self.values > self.limits.values:
            message = f"more than {self.limits.values:,} values, aliases counted as if written out"
            self._stop("E704", message, span)

    def _stop(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.report.add(code, message, span, hint=hint)
        raise GraphError(self.report.diagnostics)

    def _refuse_tag(self, event: _Tagged, span: Span) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!", 1)[:80]
            message = f"the tag '{tag}': a spec is plain data"
            self.report.add("E104", message, span, hint="remove it, or quote a text that begins with '!'")

    def _refuse_tag_directives(self) -> None:
        # libyaml compares each %TAG with all before it: 40,000 of them take 2 s.
        text = self.source.text
        at = 0 if text.startswith("%TAG") else max(text.find("\n%TAG"), text.find("\r%TAG")) + 1
        if text.startswith("%TAG", at):
            span = span_at(self.source, text[:at], 4)
            raise fail("E104", "a %TAG directive: a spec is plain data", span, hint="remove it")

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
