"""Gin that somebody else wrote: malformed, too large, leading out of its folder. Each answer has a code and a place."""

from __future__ import annotations

import os
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddspgraph.diagnostics import Diagnostic, GraphError
from ddspgraph.limits import Limits
from ddspgraph.migrations.gin.document import open_gin
from ddspgraph.migrations.gin.map.renames import CLASSES as OLD_CLASSES
from ddspgraph.migrations.gin.models.networks import NETWORKS, PARTS
from ddspgraph.migrations.gin.syntax.reader import read_gin, read_gin_text
from ddspgraph.migrations.gin.syntax.statements import Include
from ddspgraph.migrations.v1.classes import CLASSES

MODEL = "ProcessorGroup.dag = [(@Harmonic(), ['a', 'b', 'f0_hz'])]\n"


def findings(text: str | bytes, **limits: int) -> list[tuple[str, int, int]]:
    with pytest.raises(GraphError) as error:
        open_gin("a.gin", text=text, limits=Limits(**limits))
    return [(d.code, d.span.line, d.span.column) for d in error.value.diagnostics if d.span is not None]


class TestMalformed:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("A.a =\n", ("E902", 1, 6)),
            ("A.a 1\n", ("E902", 1, 5)),
            ("A.a = [1, 2\n", ("E902", 1, 7)),
            ("A.a = (1 2)\n", ("E902", 1, 10)),
            ("A.a = 1]\n", ("E902", 1, 8)),
            ("A.a = {1}\n", ("E902", 1, 9)),
            ("A.a = {1: 2, 3}\n", ("E902", 1, 15)),
            ("A.a = 'one\n", ("E902", 1, 7)),
            ("A.a = '''one\n\nB.b = 1\n", ("E902", 1, 7)),
            ("A.a = true\n", ("E902", 1, 7)),
            ("A.a = some_name\n", ("E902", 1, 7)),
            ("A.a = 1 2\n", ("E902", 1, 9)),
            ("A.a = 1 + 2\n", ("E902", 1, 9)),
            ("A.a = 1j\n", ("E902", 1, 7)),
            ("A.a = 012\n", ("E902", 1, 7)),
            ("A.a = 1_\n", ("E902", 1, 7)),
            ("A.a = b'x'\n", ("E902", 1, 7)),
            ("A.a = f'{x}'\n", ("E902", 1, 7)),
            (r"A.a = '\x4'" + "\n", ("E902", 1, 7)),
            (r"A.a = '\N{NO SUCH THING}'" + "\n", ("E902", 1, 7)),
            (r"A.a = '\U00110000'" + "\n", ("E902", 1, 7)),
            ("A.a = -'x'\n", ("E902", 1, 8)),
            ("A.a = @\n", ("E902", 1, 8)),
            ("A.a = @b(1)\n", ("E902", 1, 10)),
            ("A.a = %\n", ("E902", 1, 8)),
            ("A.a = __import__('os')\n", ("E902", 1, 7)),
            ("A.a = $HOME\n", ("E902", 1, 7)),
            ("A . a = 1\n", ("E902", 1, 3)),
            ("/A.a = 1\n", ("E902", 1, 1)),
            ("A:\nB.b = 1\n", ("E902", 1, 1)),
            ("A: b = 1\n", ("E902", 1, 4)),
            ("A:\n  b.c = 1\n", ("E902", 2, 3)),
            ("A:\n  b 1\n", ("E902", 2, 5)),
            ("import a/b c\n", ("E902", 1, 12)),
            ("from a import b.c\n", ("E902", 1, 15)),
            ("include a\n", ("E902", 1, 9)),
            ("include\n", ("E902", 1, 8)),
            ("3 = 4\n", ("E902", 1, 1)),
            ("A.a = 1e999\n", ("E503", 1, 7)),
            ("A.a = 9007199254740993\n", ("E706", 1, 7)),
            ("A.a = " + "9" * 5000 + "\n", ("E706", 1, 7)),
            (r"A.a = '\u202e'" + "\n", ("E102", 1, 7)),
            ("A.a = 'x\u202ey'\n", ("E102", 1, 9)),
        ],
    )
    def test_what_is_wrong_and_where(self, text: str, wanted: tuple[str, int, int]) -> None:
        assert findings(text) == [wanted]

    def test_all_that_is_wrong_in_one_run(self) -> None:
        text = "A.a =\nB.b = 2\n\tC.c = [1\n]\nD.d = $\nE:\n  e = \n  f = 1 1\nG.g = 'x\nH.h = 3\n"
        assert findings(text) == [("E902", 1, 6), ("E902", 5, 7), ("E902", 7, 7), ("E902", 8, 9), ("E902", 9, 7)]

    @pytest.mark.parametrize("data", [b"A.a = '\xff'\n", "A.a = 1\n".encode("utf-16"), b"A.a = '\x00'\n"])
    def test_what_is_not_utf_8(self, data: bytes) -> None:
        assert {code for code, *_ in findings(data)} == {"E102"}


class TestLimits:
    @pytest.mark.parametrize("opening", ["[", "(", "{1: ", "[{1: ("])
    def test_nesting(self, opening: str) -> None:
        assert findings("A.a = " + opening * 100_000)[-1][0] == "E702"

    def test_scopes(self) -> None:
        assert findings("a/" * 30_000 + "A.a = 1\n")[0][0] == "E702"
        assert findings("A.a = @" + "a/" * 30_000 + "A()\n")[0][0] == "E702"

    def test_many_words(self) -> None:
        assert findings("A.a = 1\n" * 100_000)[0][0] == "E703"

    def test_many_values(self) -> None:
        assert findings("A.a = [" + "1," * 60 + "]\n", values=50)[0][0] == "E704"

    def test_a_long_text(self) -> None:
        assert findings("A.a = '" + "x" * 70_000 + "'\n")[0][0] == "E705"

    def test_a_large_file(self, tmp_path: Path) -> None:
        file = tmp_path / "a.gin"
        file.write_bytes(b"#" * ((1 << 20) + 1))
        with pytest.raises(GraphError) as error:
            read_gin(file)
        assert error.value.exit_code == 5

    def test_macros_that_grow(self) -> None:
        lines = [f"m{i} = [%m{i + 1}, %m{i + 1}, %m{i + 1}]" for i in range(30)]
        text = MODEL + "Harmonic.scale_fn = %m0\n" + "\n".join(lines) + "\nm30 = 1\n"
        assert findings(text)[0][0] == "E704"

    def test_macros_of_macros_without_end(self) -> None:
        lines = [f"m{i} = %m{i + 1}" for i in range(1_000)]
        assert findings(MODEL + "Harmonic.scale_fn = %m0\n" + "\n".join(lines) + "\nm1000 = 1\n")[0][0] == "E702"

    def test_references_that_grow(self) -> None:
        lines = [f"N{i}.x = [@N{i + 1}(), @N{i + 1}(), @N{i + 1}()]" for i in range(30)]
        text = "get_model.model = @Autoencoder()\nAutoencoder.decoder = @N0()\n" + "\n".join(lines)
        assert findings(text)[0][0] == "E704"

    def test_references_of_references_without_end(self) -> None:
        lines = [f"train.x{i} = 1\nN{i}.x = @N{i + 1}()" for i in range(1_000)]
        assert findings(MODEL + "train.data_provider = @N0()\n" + "\n".join(lines))[0][0] == "E702"

    @pytest.mark.parametrize("root", ["train.data_provider = @N()", "Harmonic.scale_fn = @N()"])
    def test_references_to_themselves(self, root: str) -> None:
        assert findings(f"{MODEL}{root}\nN.x = [@M()]\nM.x = {{'a': @N()}}\n") == [("E307", 4, 13)]

    def test_singletons_of_themselves(self) -> None:
        text = "ProcessorGroup.dag = [(@a/singleton(), ['x'])]\na/singleton.constructor = @b/singleton\n"
        assert findings(f"{text}b/singleton.constructor = @a/gin.singleton\n") == [("E307", 2, 27)]

    def test_groups_in_themselves(self) -> None:
        assert findings("ProcessorGroup.dag = [(@ProcessorGroup(), ['inputs'])]\n")[0][0] == "E702"

    @pytest.mark.parametrize(
        ("text", "column"),
        [
            ("%a\na = %b\nb = %a", 5),
            ("%nothing", 21),
            ("%ddsp.RATE", 21),
            ("@a/macro()\na = @b/gin.macro()\nb = %a", 5),
            ("[%a]\na = (1, %a)", 9),
        ],
    )
    def test_macros_that_lead_nowhere(self, text: str, column: int) -> None:
        assert [(code, c) for code, _, c in findings(f"{MODEL}Harmonic.scale_fn = {text}\n")] == [("E903", column)]


class TestIncludes:
    @pytest.mark.parametrize(
        "path",
        [
            *("../secret.gin", "sub/../../secret.gin", "/etc/passwd", "~/secret.gin", "$HOME/secret.gin", "C:\\secret"),
            *("\\\\host\\share", "file:///secret.gin", "http://x/secret.gin", "secret.gin\\0", "*", "", ".", "sub/.."),
            *("link.gin", "linked/secret.gin", "folder.gin", "pipe.gin", "a.gin."),
        ],
    )
    def test_nothing_outside_of_the_folder_is_read(self, path: str, tmp_path: Path) -> None:
        (tmp_path / "secret.gin").write_text("Secret.word = 'abracadabra'\n")
        inside = tmp_path / "inside"
        (inside / "folder.gin").mkdir(parents=True)
        (inside / "link.gin").symlink_to(tmp_path / "secret.gin")
        (inside / "linked").symlink_to(tmp_path)
        os.mkfifo(inside / "pipe.gin")
        (inside / "a.gin").write_text(f"include '{path}'\n".replace("\\", "\\\\"))
        (include,) = read_gin(inside / "a.gin", gin_path=[inside]).flat()
        assert isinstance(include, Include)
        assert include.file is None
        assert include.problem
        assert "abracadabra" not in include.problem

    def test_a_link_that_appears_while_we_look(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Between the look and the opening, the file becomes a link that leads out."""
        from ddspgraph.migrations.gin.syntax.search_path import SearchPath

        (tmp_path / "secret.gin").write_text("Secret.word = 1\n")
        inside = tmp_path / "inside"
        inside.mkdir()
        (inside / "b.gin").write_text("B.b = 1\n")
        (inside / "a.gin").write_text("include 'b.gin'\n")
        read = SearchPath.read

        def swapped(self: SearchPath, found: object, limit: int) -> bytes:
            (inside / "b.gin").unlink()
            (inside / "b.gin").symlink_to(tmp_path / "secret.gin")
            return read(self, found, limit)  # type: ignore[arg-type]

        monkeypatch.setattr(SearchPath, "read", swapped)
        (include,) = read_gin(inside / "a.gin").flat()
        assert isinstance(include, Include)
        assert include.file is None
        assert "cannot be read" in include.problem

    def test_links_are_refused_where_folders_cannot_be_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "b.gin").write_text("B.b = 1\n")
        (tmp_path / "c.gin").write_text("C.c = 1\n")
        (tmp_path / "a.gin").write_text("include 'b.gin'\ninclude 'c.gin'\n")
        monkeypatch.setattr(os, "supports_dir_fd", set())
        real = os.path.islink
        monkeypatch.setattr(os.path, "islink", lambda path: str(path).endswith("c.gin") or real(path))
        one, two = read_gin(tmp_path / "a.gin").statements
        assert isinstance(one, Include)
        assert isinstance(two, Include)
        assert one.file is not None
        assert two.file is None

    def test_a_text_includes_nothing_that_the_caller_did_not_offer(self, tmp_path: Path) -> None:
        (tmp_path / "b.gin").write_text("B.b = 1\n")
        text = "include 'b.gin'\n"
        assert read_gin_text(text).statements[0].problem  # type: ignore[union-attr]
        assert not read_gin_text(text, gin_path=[tmp_path]).statements[0].problem  # type: ignore[union-attr]

    def test_circles(self, tmp_path: Path) -> None:
        (tmp_path / "a.gin").write_text("include 'b.gin'\n")
        (tmp_path / "b.gin").write_text("\n  include 'a.gin'\n")
        with pytest.raises(GraphError) as error:
            read_gin(tmp_path / "a.gin")
        (finding,) = error.value.diagnostics
        assert (finding.code, Path(finding.span.source.name).name, finding.span.line) == ("E902", "b.gin", 2)  # type: ignore[union-attr]

    def test_more_files_than_anyone_has(self, tmp_path: Path) -> None:
        for i in range(20):
            (tmp_path / f"{i}.gin").write_text(f"include '{i + 1}.gin'\n" * 2)
        (tmp_path / "20.gin").write_text("A.a = 1\n")
        with pytest.raises(GraphError) as error:
            read_gin(tmp_path / "0.gin")
        assert error.value.exit_code == 5

    def test_what_is_wrong_in_an_included_file_is_shown_there(self, tmp_path: Path) -> None:
        (tmp_path / "a.gin").write_text("include 'b.gin'\nA.a = \n")
        (tmp_path / "b.gin").write_text("B.b = 1\nB.c = (\n")
        with pytest.raises(GraphError) as error:
            read_gin(tmp_path / "a.gin")
        places = [(Path(d.span.source.name).name, d.span.line) for d in error.value.diagnostics if d.span]
        assert places == [("a.gin", 2), ("b.gin", 2)]


def answer(text: str) -> tuple[Diagnostic, ...]:
    """Errors, or the warnings of a graph. Whatever else is raised fails the test."""
    try:
        return open_gin("a.gin", text=text).warnings
    except GraphError as error:
        return error.diagnostics


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from(string.ascii_letters[:6] + "0123._-=@%()[]{}:,'\"\\/# \t\n$é"), max_size=120))
def test_any_text_is_answered(text: str) -> None:
    assert all(d.span is not None for d in answer(text))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_part_of_a_file_missing_or_doubled_is_answered(data: st.DataObject) -> None:
    lines = (Path(__file__).parent / "v0" / "early_autoencoder.gin").read_text().splitlines()
    start = data.draw(st.integers(0, len(lines)))
    count = data.draw(st.integers(0, 8))
    extra = data.draw(st.sampled_from([[], lines[start : start + count] * 2]))
    text = "\n".join([*lines[:start], *extra, *lines[start + count :]])
    assert all(d.span is not None for d in answer(text))


_NAMES = st.sampled_from(sorted({*CLASSES, *NETWORKS, *PARTS, *OLD_CLASSES, "my.Thing", "singleton", "macro", "train"}))
_PARAMETERS = st.sampled_from(
    [
        *("dag", "losses", "model", "preprocessor", "encoder", "decoder", "processor_group", "name", "constructor"),
        *("value", "output_splits", "input_keys", "sample_rate", "n_samples", "time_steps", "scale_fn", "net"),
        *("spectral_fn", "sinusoidal_encoder", "harmonic_encoder", "synthcoder", "midi_encoder", "twm_loss"),
    ]
)
_REFERENCES = st.builds(
    "@{}{}{}".format,
    st.sampled_from(["", "a/", "a/b/"]),
    _NAMES | st.just("ProcessorGroup"),
    st.sampled_from(["", "()"]),
)
_KEYS = st.sampled_from(["'f0_hz'", "'audio'", "'z'", "'add/signal'", "'inputs/x'", "''", "'a/b/c'"])
_LEAVES = st.one_of(_REFERENCES, _KEYS, st.sampled_from(["%a", "%b", "0", "-1", "1e308", "None", "True", "64000"]))
_GIN_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3).map(lambda v: f"[{', '.join(v)}]"))
_BINDINGS = st.builds(
    "{}{}.{} = {}".format,
    st.sampled_from(["", "a/", "a/b/"]),
    _NAMES | st.sampled_from(["get_model", "Autoencoder", "MidiAutoencoder", "InverseSynthesis", "ProcessorGroup"]),
    _PARAMETERS,
    _GIN_VALUES,
)
_MACROS = st.builds("{} = {}".format, st.sampled_from("ab"), _GIN_VALUES)
_MODELS = [(Path(__file__).parent / "v0" / name).read_text() for name in ("inverse.gin", "notes.gin", "styles.gin")]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["", MODEL, *_MODELS]), st.lists(_BINDINGS | _MACROS, min_size=1, max_size=8))
def test_any_bindings_of_known_names_are_answered(model: str, bindings: list[str]) -> None:
    assert all(d.span is not None for d in answer("\n".join([model, *bindings]) + "\n"))
