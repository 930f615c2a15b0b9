"""Arrays: no pickles, no surprises of size, the same numbers back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ddspgraph.diagnostics import GraphError
from ddspgraph.io.arrays import read_npy, read_npz, write_npy, write_npz
from ddspgraph.limits import Limits

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "file": np.zeros([0, 4]), "n": np.int16(7)}


def test_round_trip(tmp_path: Path) -> None:
    write_npz(tmp_path / "all.npz", ARRAYS)
    found = read_npz(tmp_path / "all.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        write_npy(tmp_path / "one.npy", array)
        np.testing.assert_array_equal(read_npy(tmp_path / "one.npy"), array)


def test_numpy_reads_ours_and_we_read_numpys(tmp_path: Path) -> None:
    write_npz(tmp_path / "ours.npz", {"a": ARRAYS["a"]})
    np.testing.assert_array_equal(np.load(tmp_path / "ours.npz")["a"], ARRAYS["a"])
    np.savez_compressed(tmp_path / "theirs.npz", a=ARRAYS["a"])
    np.testing.assert_array_equal(read_npz(tmp_path / "theirs.npz")["a"], ARRAYS["a"])
    np.save(tmp_path / "fortran.npy", np.asfortranarray(ARRAYS["a"]))
    np.testing.assert_array_equal(read_npy(tmp_path / "fortran.npy"), ARRAYS["a"])


def test_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
    write_npz(tmp_path / "1.npz", ARRAYS)
    write_npz(tmp_path / "2.npz", ARRAYS)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


@pytest.mark.parametrize("array", [np.array([{}], dtype=object), np.array(["x"]), np.array([1j]), np.zeros(1, "M8[s]")])
def test_only_real_numbers(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(GraphError, match=r"E602.*not real numbers"):
        read_npy(tmp_path / "a.npy")


def test_every_truncation_is_an_error(tmp_path: Path) -> None:
    for name, write in (
        ("a.npy", lambda p: np.save(p, ARRAYS["a"])),
        ("a.npz", lambda p: np.savez(p, **{"a": ARRAYS["a"]})),
    ):
        write(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        read = read_npy if name == "a.npy" else read_npz
        for length in range(len(data)):
            (tmp_path / name).write_bytes(data[:length])
            with pytest.raises(GraphError, match="E602"):
                read(tmp_path / name)


def test_a_shape_that_lies_allocates_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros([1000]))
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data.replace(b"(1000,), }", b"(9999,), }"))
    with pytest.raises(GraphError, match=r"E602.*promises 79,992 bytes"):
        read_npy(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [b"(9999999999,), }", b"(-1, -1000), }", b"(1000,), ", b"(" * 50, b"1000, }"])
def test_headers_that_are_nonsense(tmp_path: Path, shape: bytes) -> None:
    np.save(tmp_path / "a.npy", np.zeros([1000]))
    data = (tmp_path / "a.npy").read_bytes()
    old = b"(1000,), }" + b" " * 40
    (tmp_path / "a.npy").write_bytes(data.replace(old, shape.ljust(50)))
    with pytest.raises(GraphError, match=r"E602|E701"):
        read_npy(tmp_path / "a.npy")


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(1 << 20))
    assert (tmp_path / "a.npz").stat().st_size < 1 << 12
    with pytest.raises(GraphError, match="E701"):
        read_npz(tmp_path / "a.npz", limits=Limits(array_bytes=1 << 19))
