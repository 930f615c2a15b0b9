"""The logs of a run: `metrics.jsonl`, which spec, data and seed determine, and `events.jsonl`, what happened when."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

from ddspgraph.files import cannot_write, write_atomically

METRICS, EVENTS = "metrics.jsonl", "events.jsonl"


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Adds a line and flushes it to the disk: a checkpoint is never newer than its log. Raises GraphError E607."""
    line = (json.dumps(record, allow_nan=False) + "\n").encode()
    try:
        with open(path, "ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error, len(line)) from None


def append_event(folder: Path, event: str, **facts: Any) -> None:
    """What happened, with the time of day. Raises GraphError E607."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    append_line(folder / EVENTS, {"time": now, "event": event, **facts})


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of the log in order; a line that a killed process left unfinished is not one."""
    try:
        lines = (folder / METRICS).read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    return [record for line in lines if (record := _record(line)) is not None]


def cut_metrics(folder: Path, step: int) -> int:
    """Takes back the lines after a step, which are written again. Returns how many there were."""
    records = read_metrics(folder)
    kept = [record for record in records if record["step"] <= step]
    text = "".join(json.dumps(record) + "\n" for record in kept)
    path = folder / METRICS
    if not path.exists() or path.read_bytes() != text.encode():
        write_atomically(path, text.encode())
    return len(records) - len(kept)


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("step"), int) else None
