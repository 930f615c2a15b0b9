"""MIDI keyboards: ports of this machine, by way of mido and python-rtmidi, the extra `[midi]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ddspgraph.diagnostics import Span, clean, did_you_mean, fail
from ddspgraph.installation import install_command
from ddspgraph.io.midi_file import load_mido


def open_port(name: str, hear: Callable[[Any], None], reader: Span | None) -> Any:
    """An open port, which calls `hear` with every message, in a thread of its own; `close()` closes it.

    Args:
      name: of a port, or a part of it that no other one has, in any case.
      reader: the MIDI input that it is opened for.

    Raises:
      GraphError: E608 without python-rtmidi, E638 where there is no such port or it cannot be opened.
    """
    mido = load_mido()
    try:
        ports = list(dict.fromkeys(mido.get_input_names()))
    except ImportError as error:
        hint = install_command("midi")
        raise fail("E608", f"MIDI ports need python-rtmidi: {clean(str(error))}", hint=hint) from None
    except Exception as error:  # of the system's MIDI, of kinds that the backend has: there is none
        raise fail("E638", f"this machine's MIDI cannot be used: {clean(str(error))}", reader) from None
    found = [port for port in ports if port == name] or [port for port in ports if name.lower() in port.lower()]
    if len(found) != 1:
        has = f"its ports are {', '.join(map(clean, ports))}" if ports else "it has none: connect a keyboard"
        several = f"several MIDI ports have {name!r} in their name" if found else f"there is no MIDI port {name!r}"
        hint = has if found or not ports else did_you_mean(name, ports) or has
        raise fail("E638", clean(several), reader, hint=clean(hint))
    try:
        return mido.open_input(found[0], callback=hear)
    except Exception as error:
        raise fail("E638", f"the MIDI port {found[0]!r} cannot be opened: {clean(str(error))}", reader) from None
