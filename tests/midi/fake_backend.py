"""A backend of mido without hardware: two ports, and messages that a test sends."""

from __future__ import annotations

from typing import Any

from mido.ports import BaseInput

PORTS = ["Keys 61 MIDI 1", "Keys 25 MIDI 1", "Drum Pad"]
#: The ports that are open, the newest last.
OPEN: list[Input] = []


def get_devices(**_: Any) -> list[dict[str, Any]]:
    return [{"name": name, "is_input": True, "is_output": False} for name in PORTS]


class Input(BaseInput):
    """A port whose messages come from `send_in`."""

    def _open(self, callback: Any = None, **_: Any) -> None:
        if self.name == "Drum Pad":
            raise OSError("device busy")
        self.hear = callback
        OPEN.append(self)

    def send_in(self, message: Any) -> None:
        self.hear(message)
