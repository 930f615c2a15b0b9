"""Version 1 -> 2: from a list that is read in order to a graph of named ports.

Before:

    version: 1
    name: old_style
    sample_rate: 16000
    n_samples: 64000
    inputs: [amps, harmonic_distribution, f0_hz, level]
    modules:
      harmonic: {class: Harmonic, scale_fn: core.exp_sigmoid}
      reverb: {class: Reverb, trainable: true}
      mix: {class: Mix}
    dag:
      - [harmonic, [amps, harmonic_distribution, f0_hz]]
      - [reverb, [harmonic/signal]]
      - [mix, [reverb/signal, harmonic/signal, level]]

After:

    version: 2
    name: old_style

    clock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: 64000 samples}

    inputs:
      amps: {rate: frame}
      harmonic_distribution: {rate: frame, channels: n_harmonics}
      f0_hz: {rate: frame}
      level: {rate: frame}

    nodes:
      harmonic:
        op: harmonic
        inputs: {amplitudes: amps, harmonic_distribution: harmonic_distribution, f0_hz: f0_hz}
        params: {scale_fn: exp_sigmoid}
      reverb: {op: reverb, inputs: {audio: harmonic}, params: {trainable: true}}
      mix:
        op: mix
        inputs: {signal_one: reverb, signal_two: harmonic, nn_out_mix_level: level}
        params: {law: ddsp}

    outputs:
      audio: mix

The rate of an input follows from the arguments that it is given to; its unit stays unsaid, so that no old graph is
refused for it. Every new value keeps the span of the old one: what is found wrong later is shown in the old file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Report
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.text.edits import key_of, mapping, plain, renamed, scalar
from ddspgraph.migrations.v1.calls import Call, Calls
from ddspgraph.migrations.v1.classes import CLOCK_PARAMS, REMOVED_PARAMS, last_word
from ddspgraph.migrations.v1.clock import clock_of
from ddspgraph.migrations.v1.inputs import input_shapes, said_inputs, with_channels

FROM_VERSION = 1
Entry = tuple[Key, Value]


def upgrade(document: Document, report: Report) -> tuple[Document, tuple[Change, ...]]:
    """The same graph in version 2, and what became of every entry.

    Reports E203, E301-E304, E306, E401 and E901. Where the report holds an error, of the schema too, the
    document comes back as it was.
    """
    return _Upgrade(document, report).run()


class _Upgrade:
    def __init__(self, document: Document, report: Report) -> None:
        self.document, self.root, self.report = document, document.root, report
        self.changes: list[Change] = []

    def run(self) -> tuple[Document, tuple[Change, ...]]:
        said = said_inputs(self.root, self.report)
        keys = {name: key for name, (key, _) in said.items()} if said is not None else None
        calls = Calls(self.root, keys, self.report)
        dag, losses = calls.read("dag"), calls.read("losses")
        inputs = self._inputs(said or {}, [*dag, *losses])
        has_frames = _reads_frames(dag) or any(value.plain()["rate"] == "frame" for _, value in inputs)
        clock = clock_of(self.root, has_frames, self.changes, self.report)
        nodes = [(call.name, self._node(call, "nodes")) for call in dag]
        bodies = [(call.name, self._node(call, "losses")) for call in losses]
        if self.report.has_errors or clock is None:
            return self.document, ()
        self._never_called(calls)
        entries = [*self._head(), clock, *self._sections(inputs, nodes, bodies, dag[-1])]
        entries += [(key, value) for key, value in self.root.items() if key.startswith("x-")]
        return Document(mapping(entries, self.root.span), self.document.source), tuple(self.changes)

    def _sections(self, inputs: list[Entry], nodes: list[Entry], losses: list[Entry], last: Call) -> Iterator[Entry]:
        if inputs:
            key = key_of(self.root, "inputs")
            yield key, mapping(inputs, key.span)
        dag_key = key_of(self.root, "dag")
        # Comments above `modules:` and above `dag:` both find their way to `nodes:` by these places.
        yield renamed(dag_key, "nodes"), mapping(nodes, key_of(self.root, "modules").span)
        audio = (renamed(dag_key, "audio"), scalar(str(last.name), last.place.span))
        yield renamed(dag_key, "outputs"), mapping([audio], dag_key.span)
        note = "the signal of the last call"
        self.changes.append(Change(Kind.DEFAULT, "dag", "outputs.audio", note, last.place.span))
        if losses:
            key = key_of(self.root, "losses")
            yield key, mapping(losses, key.span)

    def _head(self) -> Iterator[Entry]:
        for key, value in self.root.items():
            if key == "version":
                yield key, scalar(FROM_VERSION + 1, value.span)
            elif key in ("name", "doc"):
                yield key, value

    def _inputs(self, said: Mapping[str, tuple[Key, int | None]], calls: list[Call]) -> list[Entry]:
        shapes, declared = input_shapes(calls), []
        for i, (name, (key, channels)) in enumerate(said.items()):
            path = f"inputs.{i}"
            if name not in shapes:
                note = f"no call reads '{name}'"
                self.changes.append(Change(Kind.NO_EFFECT, path, None, note, key.span))
                continue
            shape, why = shapes[name]
            shape = with_channels(shape, channels)
            declared.append((key, plain(shape.as_input(), key.span)))
            self.changes.append(Change(Kind.MOVED, path, f"inputs.{name}", f"{shape}, {why}", key.span))
        return declared

    # -- nodes ---------------------------------------------------------------------------------

    def _node(self, call: Call, section: str) -> Value:
        to = f"{section}.{call.name}"
        said = last_word(str(call.class_value.data))
        kind = Kind.MOVED if said == call.class_name else Kind.RENAMED
        note = "" if kind is Kind.MOVED else f"{said} is {call.class_name} since magenta/ddsp 1.0"
        self.changes.append(Change(kind, f"{call.path}.class", f"{to}.op", note, call.class_value.span))
        span = call.class_value.span
        entries = [(Key("op", span), scalar(call.known.op, span))]
        entries += [(key, value) for key, value in call.module.items() if key == "doc"]
        if call.inputs:
            ports = [(Key(a, v.span), v) for a, v in zip(call.known.arguments, call.inputs, strict=False)]
            entries.append((Key("inputs", call.given.span), mapping(ports, call.given.span)))
        params = list(self._params(call, to))
        if params:
            entries.append((Key("params", span), mapping(params, call.module.span)))
        if call.outputs is not None:
            note = f"{call.class_name} names its own outputs"
            self.changes.append(Change(Kind.NO_EFFECT, f"{call.path}.outputs", None, note, call.outputs.span))
        entries += [(key, value) for key, value in call.module.items() if key.startswith("x-")]
        return mapping(entries, call.module.span)

    def _params(self, call: Call, to: str) -> Iterator[Entry]:
        for key, value in call.module.items():
            path, name = f"{call.path}.{key}", str(key)
            if name in ("class", "doc") or name.startswith("x-"):
                continue
            if name == "name":
                self._name(call, path, value)
            elif (call.class_name, name) in REMOVED_PARAMS:
                self._removed(call, path, key, value)
            elif name in CLOCK_PARAMS and value.data == self._header(name):
                self.changes.append(Change(Kind.DERIVED, path, f"clock.{_CLOCK_KEY[name]}", "", value.span))
            else:
                yield key, self._moved(path, f"{to}.params.{name}", value, name.endswith("_fn"))
        for name, kept in call.known.keeps.items():
            note = f"magenta/ddsp's {call.class_name}; version 2 does otherwise unless told"
            path = f"{call.path}.{name}"
            self.changes.append(Change(Kind.DEFAULT, path, f"{to}.params.{name}", note, call.class_value.span))
            yield Key(name, call.class_value.span), scalar(kept, call.class_value.span)

    def _moved(self, path: str, to: str, value: Value, is_function: bool) -> Value:
        if is_function and isinstance(value.data, str) and last_word(value.data) != value.data:
            self.changes.append(Change(Kind.RENAMED, path, to, f"'{value.data}'", value.span))
            return scalar(last_word(value.data), value.span)
        self.changes.append(Change(Kind.MOVED, path, to, "", value.span))
        return value

    def _name(self, call: Call, path: str, value: Value) -> None:
        if str(value.data) == str(call.name):
            self.changes.append(Change(Kind.MOVED, path, f"nodes.{call.name}", "", value.span))
        else:
            note = f"calls know the module as '{call.name}'"
            self.changes.append(Change(Kind.NO_EFFECT, path, None, note, value.span))

    def _removed(self, call: Call, path: str, key: Key, value: Value) -> None:
        if value.data == REMOVED_PARAMS[call.class_name, str(key)]:
            note = f"magenta/ddsp 3.7.0 has no '{key}'; this value meant nothing"
            self.changes.append(Change(Kind.NO_EFFECT, path, None, note, value.span))
            return
        message = f"'{key}' of {call.class_name} has no counterpart: magenta/ddsp dropped it before 1.0"
        self.report.add("E901", message, value.span, hint="delete it to go on without it")

    def _header(self, name: str) -> object:
        value = self.root.get(name)
        return value.data if value is not None else None

    def _never_called(self, calls: Calls) -> None:
        for name, (key, _) in calls.modules.items():
            if name not in calls.called:
                note = "no call runs it"
                self.changes.append(Change(Kind.NO_EFFECT, f"modules.{name}", None, note, key.span))


_CLOCK_KEY = {"sample_rate": "sample_rate", "n_samples": "duration"}


def _reads_frames(calls: list[Call]) -> bool:
    """Whether a call takes controls: then frames must have a length, even where no input has them."""
    return any(shape is not None and shape.rate == "frame" for c in calls for shape in c.known.arguments.values())
