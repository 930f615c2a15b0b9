"""Files appear whole or not at all, whatever stops the writer."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ddspgraph.diagnostics import GraphError
from ddspgraph.files import open_file, write_atomically, written_atomically


def test_written_and_replaced(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a b.bin", b"old")
    os.chmod(tmp_path / "a b.bin", 0o640)
    write_atomically(tmp_path / "a b.bin", b"new")
    assert (tmp_path / "a b.bin").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a b.bin").stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a b.bin"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with contextlib.suppress(ZeroDivisionError), written_atomically(tmp_path / "a") as staged:
        staged.write_bytes(b"half")
        raise ZeroDivisionError
    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_names_path_and_bytes(tmp_path: Path) -> None:
    """The system's limit on the size of a file stands for the disk."""
    code = (
        "import resource, sys; from ddspgraph.files import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(sys.argv[1], bytes(5000))"
    )
    (tmp_path / "a.bin").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.bin")], capture_output=True, text=True)
    assert "E607" in done.stderr
    assert "5,000 bytes are needed" in done.stderr
    assert str(tmp_path / "a.bin") in done.stderr
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_killed_writer_leaves_the_old_file_and_its_rest_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from ddspgraph.files import written_atomically\n"
        "with written_atomically(sys.argv[1]) as staged:\n"
        "    staged.write_bytes(b'half'); os.kill(os.getpid(), 9)"
    )
    write_atomically(tmp_path / "a", b"old")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")])
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    write_atomically(tmp_path / "a", b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"new"]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"E607.*\n.*the folder .*no' does not exist"):
        write_atomically(tmp_path / "no" / "a", b"")
    with pytest.raises(GraphError, match="E607 this is a folder"):
        write_atomically(tmp_path, b"")


def test_opening_never_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, code in ((tmp_path / "pipe", "E709"), (tmp_path, "E709"), ("/dev/zero", "E709"), ("a\0b", "E601")):
        with pytest.raises(GraphError, match=code):
            open_file(path)


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    """As `/dev/null` must: a rename would put a file in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"abc")
        assert os.read(reader, 10) == b"abc"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
