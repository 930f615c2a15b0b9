"""Arrays: .npy and .npz, without pickles, bounded before anything is allocated."""

from __future__ import annotations

import io
import math
import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING

from ddspgraph.diagnostics import GraphError, clean, fail
from ddspgraph.files import cannot_write, open_file, place, write_atomically, written_atomically
from ddspgraph.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    import numpy as np

ARRAY_SUFFIXES = (".npy", ".npz")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can say
_UNZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error)
_Path = str | os.PathLike[str]


def read_npy(path: _Path, *, limits: Limits = DEFAULT_LIMITS) -> np.ndarray:
    """One array of real numbers.

    Raises:
      GraphError: E601 no such file, E602 not such an array or truncated, E701 larger than `array_bytes`.
    """
    with open_file(path, (".npy",)) as file:
        return _array(file, os.fstat(file.fileno()).st_size, path, "", limits)


def read_npz(path: _Path, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, np.ndarray]:
    """Arrays by name. Raises as `read_npy` does."""
    with open_file(path, (".npz",)) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = [m for m in archive.infolist() if not m.is_dir()]
                _check_size(sum(m.file_size for m in members), path, limits)
                arrays = {}
                for member in members:
                    name = member.filename.removesuffix(".npy")
                    with archive.open(member) as inner:
                        arrays[name] = _array(inner, member.file_size, path, f"'{clean(name)}' ", limits)
                return arrays
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            NotImplementedError,
            RuntimeError,
            EOFError,
            OSError,
        ) as error:
            raise _wrong(path, f"not a readable .npz file: {clean(str(error))}") from None


def write_npy(path: _Path, array: np.ndarray) -> None:
    """Whole or not at all. Raises GraphError E607."""
    import numpy as np

    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    write_atomically(path, buffer.getvalue())


def write_npz(path: _Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Arrays by name, uncompressed, whole or not at all; equal arrays give equal bytes. Raises GraphError E607."""
    import numpy as np

    with written_atomically(path) as staged:
        try:
            # Not np.savez, which takes names as keywords: an output called `file` would be its own argument.
            with zipfile.ZipFile(staged, "w") as archive:
                for name, array in arrays.items():
                    member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
                    with archive.open(member, "w", force_zip64=True) as inner:
                        np.lib.format.write_array(inner, np.asarray(array), allow_pickle=False)
        except OSError as error:
            raise cannot_write(path, error, sum(a.nbytes for a in arrays.values())) from None


def _array(file: IO[bytes], n_bytes: int, path: _Path, which: str, limits: Limits) -> np.ndarray:
    """Header first: its shape and type must be what the bytes after it can fill."""
    import numpy as np

    try:
        version = np.lib.format.read_magic(file)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            raise ValueError(f"version {version} of the format is not known")
        shape, _, dtype = readers[version](file)
        start = file.tell()
    except Exception as error:  # numpy parses the header as Python: tokenizer and recursion errors, too
        raise _wrong(path, f"{which}is not a .npy array: {clean(str(error)[:200])}") from None
    if any(size < 0 for size in shape):
        raise _wrong(path, f"{which}says a negative size: {list(shape)}")
    if dtype.kind not in "biuf":
        raise _wrong(path, f"{which}holds {clean(str(dtype))}, not real numbers")
    wanted = math.prod(shape) * dtype.itemsize
    _check_size(wanted, path, limits)
    if wanted != n_bytes - start:
        raise _wrong(path, f"{which}promises {wanted:,} bytes of {list(shape)} {dtype}, there are {n_bytes - start:,}")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _check_size(n_bytes: int, path: _Path, limits: Limits) -> None:
    if n_bytes > limits.array_bytes:
        raise fail(
            "E701",
            f"{n_bytes:,} bytes of numbers; the limit is {limits.array_bytes:,}",
            place(path),
            hint="give less at once, or raise the limit: --limit array_bytes=...",
        )


def _wrong(path: _Path, message: str) -> GraphError:
    return fail("E602", message, place(path))
