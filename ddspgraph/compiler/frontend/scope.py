"""What the names of a spec stand for while its graph is built."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ddspgraph.compiler.frontend.number_slips import note_slip
from ddspgraph.compiler.frontend.parameters import number_hint
from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Report, Span, did_you_mean, quote
from ddspgraph.ir.graph import Clock, Input, Ref
from ddspgraph.ir.midi import MIDI_PORTS, MidiInput, described
from ddspgraph.ir.op import Op
from ddspgraph.ir.registry import Registry
from ddspgraph.ir.types import Unit
from ddspgraph.ir.written import Written


@dataclass(frozen=True)
class Draft:
    """A node that is not yet connected.

    Attributes:
      op_class: None where the library has no such op.
      op: None where a parameter that it cannot do without is at fault.
      is_sound: whether it becomes a node; one at fault is still looked through for more.
      param_spans: where the parameters are said.
      written: the words of those that are quantities.
    """

    key: Key
    value: Value
    op_class: type[Op] | None = None
    op: Op | None = None
    is_sound: bool = False
    param_spans: Mapping[str, Span] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)


@dataclass
class Scope:
    """Inputs, nodes and losses by name, and the clock.

    Attributes:
      is_complete: False where a whole section was refused, so that a name that is missing may be in it.
      constants: the names of `params`.
      uses: the names of sub-graphs, whose nodes have names of their own.
      clock_is_sound: False where the clock was refused, and `clock` is a guess.
    """

    ops: Registry
    report: Report
    clock: Clock
    clock_is_sound: bool = True
    is_complete: bool = True
    constants: Sequence[str] = ()
    uses: Sequence[str] = ()
    claimed: dict[str, Key] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)
    midi: dict[str, MidiInput] = field(default_factory=dict)
    drafts: dict[str, Draft] = field(default_factory=dict)
    needs: dict[str, list[tuple[str, Span]]] = field(default_factory=dict)

    def claim(self, key: Key) -> bool:
        """Inputs, nodes and losses share one namespace. Reports E306."""
        first = self.claimed.setdefault(str(key), key)
        if first is not key:
            note = Note(f"the first {quote(key)} is", first.span)
            message = f"{quote(key)} is the name of two things: inputs, nodes and losses share their names"
            self.report.add("E306", message, key.span, note, hint="rename one of them")
        return first is key

    def need(self, clock_key: str, who: str, span: Span) -> None:
        """Something cannot do without a part of the clock that the spec does not say."""
        if self.clock_is_sound:
            self.needs.setdefault("" if self.clock.span is None else clock_key, []).append((who, span))

    def report_needs(self) -> None:
        """E402, once for each part of the clock that is missing, however many need it."""
        for clock_key, wanting in self.needs.items():
            who, span = wanting[0]
            more = f" and {len(wanting) - 1} more" if len(wanting) > 1 else ""
            verb = "need" if more else "needs"
            if self.clock.span is None:
                hint = "add `clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}`"
                self.report.add("E402", f"the spec has no clock, which {quote(who)}{more} {verb}", span, hint=hint)
            else:
                message = f"the clock has no {clock_key}, which {quote(who)}{more} {verb}"
                note = Note("the clock is", self.clock.span)
                hint = f"add `{clock_key}: 250 Hz` to `clock`"
                self.report.add("E402", message, span, note, hint=hint)

    def ref(self, value: Value, reader: str = "", literal: Unit | None = None) -> Ref | None:
        """The value that a reference names; None after reporting E301 or E303, or where its node is at fault.

        Args:
          reader: the node that reads it, which it cannot mean.
          literal: the unit of the number that may stand in its place; None where none may.
        """
        if value.is_faulty:
            return None
        if not isinstance(value.data, str):
            hint = "write the name of an input or node, or node/port"
            self.report.add("E301", f"a reference is a name, this is {value.said}", value.span, hint=hint)
            return None
        name, slash, port = value.data.partition("/")
        if name in self.midi:
            return self._midi_port(self.midi[name], port, bool(slash), value)
        if name in self.inputs:
            if not slash:
                return Ref(name)
            note = Note(f"'{name}' is declared", self.claimed[name].span)
            message = f"{quote(name)} is an input and has no ports"
            self.report.add("E303", message, value.span, note, hint=f"write `{name}`")
        elif name in self.drafts:
            return self._output(self.drafts[name], port, bool(slash), value)
        elif self.is_complete and name not in self.claimed and value.data not in self.claimed:
            known = [str(key) for key in self.claimed.values() if key.span.use is None and key != reader]
            hint = self._meant(value.data, [*known, *self.uses], literal)
            self.report.add("E301", f"there is no input or node {quote(name)}", value.span, hint=hint)
        return None

    def several(self, text: str) -> tuple[str, str] | None:
        """The two values of a text with no comma between them: `audio -6 dB`."""
        first, _, rest = text.partition(" ")
        rest = rest.strip()
        is_value = rest.partition("/")[0] in self.claimed or re.match(r"[+-]?\.?[0-9]", rest) is not None
        return (first, rest) if first.partition("/")[0] in self.claimed and is_value else None

    def _meant(self, text: str, known: list[str], literal: Unit | None) -> str:
        """What to write in place of a name that is not there."""
        if several := self.several(text):
            return f"write `{', '.join(several)}`"
        base, *port = re.split(r"[.:\[ ]", text)
        if port and base in known:
            op = self.drafts[base].op if base in self.drafts else None
            return f"write `{base}/{port[0]}`" if op and port[0] in op.output_ports() else f"write `{base}`"
        if text in self.constants:
            return f"'{text}' is one of the params: write `${text}`"
        hint = did_you_mean(text.partition("/")[0], known)
        note = note_slip(text) if literal in (Unit.HZ, Unit.MIDI, Unit.ANY) else None
        if note:
            return f"the note is written {note}" + (f"; {hint}" if hint and hint.startswith("did") else "")
        hint = hint or ("declare it under `inputs` or `nodes`" if known else "the spec has no inputs and no nodes")
        return hint + ("" if literal is None or hint.endswith("?") else f"; or {number_hint(literal)}")

    def _midi_port(self, midi: MidiInput, port: str, slash: bool, value: Value) -> Ref | None:
        """The input that a port of a MIDI input is, made where it is read for the first time."""
        found = described(port)
        if found is not None:
            name = midi.input_name(port)
            self.inputs.setdefault(name, Input(name, midi.signal(port), found[1], midi.span))
            return Ref(name)
        note = Note(f"'{midi.name}' is declared", midi.span)
        near = difflib.get_close_matches(port.lower()[:80], [*MIDI_PORTS, "cc1"], n=1, cutoff=0.6)
        if not slash:
            message, hint = f"'{midi.name}' is a MIDI input, of which one port is meant", None
        else:
            message = f"the MIDI input '{midi.name}' has no port {quote(port)}"
            hint = f"write `{midi.name}/{near[0]}`" if near else None
        every = f"its ports are {', '.join(MIDI_PORTS)}, and cc0 to cc119"
        self.report.add("E303", message, value.span, note, hint=hint or every)
        return None

    def _output(self, draft: Draft, port: str, slash: bool, value: Value) -> Ref | None:
        if draft.op is None:
            return None
        ports = list(draft.op.output_ports())
        if not slash or port in ports:
            return Ref(str(draft.key), port or ports[0])
        note = Note(f"'{draft.key}' is declared", draft.key.span)
        near = difflib.get_close_matches(port.lower()[:80], ports, n=1, cutoff=0.6)
        hint = f"write `{draft.key}/{near[0]}`" if near else f"its outputs are {', '.join(ports)}"
        self.report.add("E303", f"'{draft.key}' has no output {quote(port)}", value.span, note, hint=hint)
        return None
