"""The sixteen channels of MIDI: bends, pressure, controllers, pedal, and the zones of MPE.

Source: MIDI 1.0 Detailed Specification 4.2; RP-015 (reset all controllers); M1-100-UM, MIDI Polyphonic Expression 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ddspgraph.io.midi_file import Event

_PEDAL, _RESET = 64, 121
_DATA, _DATA_FINE, _NRPN, _RPN_FINE, _RPN = 6, 38, (98, 99), 100, 101
#: Registered parameters: the range of the bend, and how many channels a zone of MPE has; none.
_BEND_RANGE, _ZONE, _NONE = 0, 6, 0x3FFF
#: Controllers that are not 0 before they are sent: volume, pan, expression. Reset sets some of them, and leaves others.
_DEFAULTS = {7: 100, 10: 64, 11: 127}
_RESET_TO = {1: 0, 11: 127, 64: 0, 65: 0, 66: 0, 67: 0}
#: Semitones of a full bend on a channel of MPE that is not the master.
_MEMBER_RANGE = 48.0
_LOWER, _UPPER = 1, 16


@dataclass
class _Channel:
    """`bend` from -1 to 1; `semitones` and `cents` of a full one, as the song says it."""

    bend: float = 0.0
    semitones: int | None = None
    cents: int = 0
    pressure: float = 0.0
    controllers: dict[int, int] = field(default_factory=dict)
    parameter: int = _NONE


class Channels:
    """What is sent to a channel and not to a note, by the number of the channel, 1 to 16."""

    def __init__(self, bend_range: float, *, mpe: bool = False) -> None:
        """With `mpe` channel 1 is the master of all others, until the song says otherwise."""
        self.bend_range = bend_range
        self.channels = {number: _Channel() for number in range(1, 17)}
        self.masters: dict[int, int] = {}
        if mpe:
            self._make_zone(_LOWER, 15)

    def hear(self, event: Event) -> None:
        """A bend, a pressure, or a controller."""
        channel = self.channels[event.channel]
        if event.kind == "pitchwheel":
            channel.bend = event.value / 8192.0
        elif event.kind == "aftertouch":
            channel.pressure = event.value / 127.0
        elif event.kind == "control_change":
            channel.controllers[event.number] = event.value
            if event.number == _RESET:
                channel.bend, channel.pressure, channel.parameter = 0.0, 0.0, _NONE
                channel.controllers |= _RESET_TO
            elif event.number in _NRPN:
                channel.parameter = _NONE
            elif event.number == _RPN:
                channel.parameter = event.value << 7 | channel.parameter & 0x7F
            elif event.number == _RPN_FINE:
                channel.parameter = channel.parameter & 0x3F80 | event.value
            elif event.number in (_DATA, _DATA_FINE):
                self._set_parameter(event, channel.parameter)

    def bend(self, number: int) -> float:
        """In semitones; on a member of a zone its own and that of the master."""
        channel, master = self.channels[number], self.masters.get(number)
        usual = self.bend_range if master is None else _MEMBER_RANGE
        semitones = usual if channel.semitones is None else channel.semitones + channel.cents / 100.0
        return channel.bend * semitones + (self.bend(master) if master is not None else 0.0)

    def pressure(self, number: int) -> float:
        """0 to 1; on a member of a zone the larger of its own and the master's."""
        master = self.masters.get(number)
        return max(self.channels[number].pressure, self.channels[master].pressure if master is not None else 0.0)

    def controller(self, number: int, controller: int) -> float:
        """0 to 1; on a member of a zone that never got any, the master's."""
        own, master = self.channels[number].controllers, self.masters.get(number)
        if controller not in own and master is not None:
            own = self.channels[master].controllers
        return own.get(controller, _DEFAULTS.get(controller, 0)) / 127.0

    def pedal(self, number: int) -> bool:
        """Whether the sustain pedal is down, on a member of a zone its own or the master's."""
        numbers = {number, self.masters.get(number, number)}
        return any(self.channels[n].controllers.get(_PEDAL, 0) >= 64 for n in numbers)

    def is_member(self, number: int) -> bool:
        """Whether a channel is one of a zone, and not its master: it is given to one note after the other."""
        return number in self.masters

    def _set_parameter(self, event: Event, parameter: int) -> None:
        if parameter == _ZONE and event.number == _DATA and event.channel in (_LOWER, _UPPER):
            self._make_zone(event.channel, min(event.value, 15))
        if parameter != _BEND_RANGE:
            return
        master = self.masters.get(event.channel)
        members = [member for member, of in self.masters.items() if of == master]
        for number in members if master is not None else [event.channel]:
            if event.number == _DATA:
                self.channels[number].semitones = event.value
            else:
                self.channels[number].cents = event.value

    def _make_zone(self, master: int, size: int) -> None:
        """So many channels after the master, or before channel 16; of 0 the zone is gone."""
        members = range(2, 2 + size) if master == _LOWER else range(16 - size, 16)
        self.masters = {member: of for member, of in self.masters.items() if of != master and member not in members}
        self.masters.pop(master, None)
        self.masters |= dict.fromkeys((m for m in members if m != _LOWER or master == _LOWER), master)
