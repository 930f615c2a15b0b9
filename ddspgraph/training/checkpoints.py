"""Checkpoints: one file each, which proves itself, appears whole or not at all, and is found by its step.

`step-00000300.npz` holds arrays by name (`weights/decoder/rnn_kernel`) and `state`, JSON as bytes. Its archive comment,
the last 64 bytes of the file, is the SHA-256 of all bytes before it: whatever is cut off, emptied or flipped is found
before a number is used. NumPy reads such a file as any other .npz.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddspgraph.diagnostics import Diagnostic, GraphError, fail
from ddspgraph.files import cannot_write, place, write_atomically

if TYPE_CHECKING:
    import numpy as np

_NAME = re.compile(r"step-(\d{8,})\.npz")
_DIGEST_BYTES = 64
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can say: equal arrays give equal bytes
_STATE = "state"


@dataclass(frozen=True)
class Checkpoint:
    """A run at one step.

    Attributes:
      path: of the file.
      step: steps taken.
      arrays: by name, such as `weights/node/weight`.
      state: what else the run was: plain data.
    """

    path: Path
    step: int
    arrays: Mapping[str, np.ndarray]
    state: Mapping[str, Any]

    def weights(self) -> dict[str, np.ndarray]:
        """The weights of the graph by `node/weight`."""
        return {name.removeprefix("weights/"): x for name, x in self.arrays.items() if name.startswith("weights/")}


def write_checkpoint(
    folder: Path, step: int, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any], *, keep: int
) -> None:
    """Writes a checkpoint and removes all but the newest `keep`. Raises GraphError E607; what was there stays."""
    path = folder / f"step-{step:08d}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    write_atomically(path, packed(arrays, state))
    for _, old in checkpoint_paths(folder)[keep:]:
        old.unlink(missing_ok=True)


def set_aside(folder: Path, than: int) -> None:
    """Renames what is newer than a step, and so is damaged: it is kept, and never taken for a checkpoint again."""
    for step, path in checkpoint_paths(folder):
        if step > than:
            os.replace(path, path.with_name(f"{path.name}.damaged"))


def checkpoint_paths(folder: Path) -> list[tuple[int, Path]]:
    """Step and path of every checkpoint, the newest first; whether they can be read is not known."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = [(int(match[1]), folder / name) for name in names if (match := _NAME.fullmatch(name))]
    return sorted(found, reverse=True)


def newest_checkpoint(folder: Path, warn: Callable[[Diagnostic], None]) -> Checkpoint:
    """The newest checkpoint that can be read.

    Args:
      folder: of the checkpoints.
      warn: told W112 of every newer one that is damaged.

    Raises:
      GraphError: E615 where there is none.
    """
    warnings = []
    for step, path in checkpoint_paths(folder):
        try:
            checkpoint = read_checkpoint(path, step)
        except (OSError, ValueError) as error:
            warnings.append(_damaged(path, error))
            continue
        for warning in warnings:
            warn(warning)
        return checkpoint
    hint = "put a copy of a good checkpoint back, or begin a new run in another folder"
    if not warnings:
        raise fail("E615", "the run has no checkpoint", place(folder), hint=hint)
    message = f"none of its {len(warnings)} checkpoint{'s' * (len(warnings) > 1)} can be read"
    raise GraphError([*warnings, Diagnostic("E615", message, place(folder), hint=hint)])


def read_checkpoint(path: Path, step: int) -> Checkpoint:
    """Raises OSError, and ValueError with the reason where the file is not what was written."""
    import numpy as np  # in the functions: whoever asks only whether a folder is a run does not wait for it

    data = path.read_bytes()
    if len(data) <= _DIGEST_BYTES:
        raise ValueError(f"it has {len(data)} bytes")
    if hashlib.sha256(data[:-_DIGEST_BYTES]).hexdigest().encode() != data[-_DIGEST_BYTES:]:
        raise ValueError("its SHA-256 is not the one it was written with")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        state = json.loads(arrays.pop(_STATE).tobytes())
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"it is not a checkpoint: {error}") from None
    if state.get("step") != step:
        raise ValueError(f"it is that of step {state.get('step')}")
    return Checkpoint(path, step, arrays, state)


def packed(arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> bytes:
    """The bytes of a checkpoint; equal contents give equal bytes."""
    import numpy as np

    text = json.dumps(state, sort_keys=True, allow_nan=False).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in {**arrays, _STATE: np.frombuffer(text, np.uint8)}.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
        archive.comment = b"0" * _DIGEST_BYTES
    data = buffer.getvalue()[:-_DIGEST_BYTES]
    return data + hashlib.sha256(data).hexdigest().encode()


def _damaged(path: Path, error: Exception) -> Diagnostic:
    reason = getattr(error, "strerror", None) or str(error)
    return Diagnostic("W112", f"this checkpoint is damaged: {reason}", place(path))
