"""Examples in TFRecord files, as magenta/ddsp's datasets have them: one `tf.train.Example` a record, flat float lists.

Framed by TensorFlow; read through a memory map and NumPy, so that any example can be had at once, what does not fit
into memory stays on the disk, and no thread of TensorFlow waits for a parser.

Source: TensorFlow, "TFRecord and tf.train.Example" (the framing: length, CRC, data, CRC); Protocol Buffers, "Encoding".
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

_HEAD, _TAIL = 12, 4  # uint64 length and its CRC before the data, the CRC of the data after it
_BYTES = 2  # the wire type of what has a length
#: Feature name -> (offset of its first number in the file, how many numbers); integers are read at once.
Layout = Mapping[str, "tuple[int, int] | np.ndarray"]


def write_records(path: Path, examples: Iterable[Mapping[str, np.ndarray]]) -> int:
    """Writes a TFRecord file; equal examples give equal bytes. Returns how many.

    Raises:
      OSError: the file cannot be written.
    """
    import tensorflow as tf

    count = 0
    try:
        with tf.io.TFRecordWriter(os.fspath(path)) as writer:
            for count, example in enumerate(examples, 1):  # noqa: B007
                writer.write(_encoded(example))
    except tf.errors.OpError as error:
        raise OSError(error.message) from None
    return count


def _encoded(example: Mapping[str, np.ndarray]) -> bytes:
    """Example {1: Features {1: entry {1: name, 2: Feature {2: FloatList {1: packed floats}}}}}, names sorted."""
    entries = []
    for name in sorted(example):
        floats = _field(1, np.ascontiguousarray(example[name], "<f4").tobytes())
        entries.append(_field(1, _field(1, name.encode()) + _field(2, _field(2, floats))))
    return _field(1, b"".join(entries))


def _field(number: int, content: bytes) -> bytes:
    length, rest = [], len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes([number << 3 | _BYTES, *length, rest]) + content


class RecordFile:
    """The examples of one TFRecord file.

    Raises:
      ValueError: the file is not a whole number of records, or empty.
      OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, np.uint8, "r").data
        self._records = list(_records(self._bytes))
        self._layouts: dict[int, Layout] = {}

    def __len__(self) -> int:
        return len(self._records)

    def read(self, index: int, name: str) -> np.ndarray:
        """One feature of one example, float32 [numbers]: a view of the file, but for integers.

        Raises:
          KeyError: the example has no such feature.
          ValueError: the record is not an example of float features.
        """
        found = self._layout(index)[name]
        return found if isinstance(found, np.ndarray) else np.frombuffer(self._bytes, "<f4", found[1], found[0])

    def counts(self, index: int) -> dict[str, int]:
        """How many numbers an example has of each feature; texts are left out. Raises ValueError as `read` does."""
        found = self._layout(index)
        return {name: len(x) if isinstance(x, np.ndarray) else x[1] for name, x in found.items()}

    def _layout(self, index: int) -> Layout:
        if index not in self._layouts:
            self._layouts[index] = _layout(self._bytes, *self._records[index])
        return self._layouts[index]


def _records(data: memoryview) -> Iterator[tuple[int, int]]:
    """Where the data of each record begins and ends."""
    position = 0
    while position < len(data):
        if position + _HEAD > len(data):
            raise ValueError("it ends within a record")
        (length,) = struct.unpack("<Q", data[position : position + 8].tobytes())
        begin = position + _HEAD
        position = begin + length + _TAIL
        if position > len(data):
            raise ValueError("it ends within a record")
        yield begin, begin + length


def _layout(data: memoryview, begin: int, end: int) -> Layout:
    """What `_encoded` wrote, found again; lists of integers too, texts not. Raises ValueError for anything else."""
    layout: dict[str, tuple[int, int] | np.ndarray] = {}
    for features in _fields(data, begin, end, 1):
        for entry in _fields(data, *features, 1):
            (key,) = _fields(data, *entry, 1)
            (value,) = _fields(data, *entry, 2)
            name = data[slice(*key)].tobytes().decode()
            for floats in _fields(data, *value, 2):
                for first, last in _fields(data, *floats, 1):
                    layout[name] = (first, (last - first) // 4)
            for integers in _fields(data, *value, 3):
                for first, last in _fields(data, *integers, 1):
                    layout[name] = _integers(data, first, last)
    return layout


def _integers(data: memoryview, position: int, end: int) -> np.ndarray:
    """The numbers of a packed list, as float32."""
    found = []
    while position < end:
        value, position = _varint(data, position, end)
        found.append(value - (1 << 64) if value >> 63 else value)
    return np.array(found, np.float32)


def _fields(data: memoryview, begin: int, end: int, wanted: int) -> list[tuple[int, int]]:
    """(begin, end) of the fields with this number in one message; all of ours have a length."""
    found, position = [], begin
    while position < end:
        tag, position = _varint(data, position, end)
        number, kind = tag >> 3, tag & 7
        if kind != _BYTES:
            raise ValueError("it holds what is not a list of floats")
        length, position = _varint(data, position, end)
        if position + length > end:
            raise ValueError("a field is longer than its record")
        if number == wanted:
            found.append((position, position + length))
        position += length
    return found


def _varint(data: memoryview, position: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            break
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ValueError("a number has no end")
