"""Folders and files of other programs that are given where ours belong: named for what they are."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

_MOST_NAMES = 10_000
_KINDS = (
    (
        r"\.tfrecords?(\b|-)",
        "these are TFRecord files, as ddsp_prepare_tfrecord writes them: `ddspgraph train --data FOLDER` reads them",
    ),
    (
        r"^(ckpt-\d+\.(index|data-.*)|checkpoint|model\.ckpt.*)$",
        "these are checkpoints of TensorFlow, as ddsp_run writes them: `ddspgraph migrate FOLDER -o RUN` makes a run",
    ),
)


def foreign_kind(path: str | os.PathLike[str]) -> str | None:
    """What a folder or file of another program is, and what to give in its place; None for any other."""
    given = Path(path)
    names = [given.name]
    with contextlib.suppress(OSError):
        if given.is_dir():
            with os.scandir(given) as entries:
                names = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)]
        elif given.parent.is_dir() and not given.exists():  # `ckpt-300`, `train.tfrecord*`: a prefix of files
            prefix = re.split(r"[*?\[]", given.name)[0]
            names = [name for name in os.listdir(given.parent)[:_MOST_NAMES] if prefix and name.startswith(prefix)]
    return next((text for pattern, text in _KINDS if any(re.search(pattern, name) for name in names)), None)
