"""Gin read as data: what it says, where it says it, and that gin-config reads the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddspgraph.migrations.gin.syntax.reader import read_gin, read_gin_text
from ddspgraph.migrations.gin.syntax.statements import Binding, Block, Import, Include, Literal
from tests.migrations.gin.oracle import ours, plain, theirs

HERE = Path(__file__).parent
FILES = sorted([*(HERE / "v0").rglob("*.gin"), HERE / "v0" / "tensorboard.md"])


def value(text: str) -> object:
    file = read_gin_text(f"a.b = {text}\n")
    assert isinstance(file.statements[0], Binding)
    return plain(file.statements[0].value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_files_are_read_as_gin_config_reads_them(path: Path, line_end: str) -> None:
    text = path.read_text().replace("\n", line_end)
    assert ours(read_gin_text(text)) == theirs(text)


class TestValues:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            *(("1", 1), ("-1", -1), ("- 1", -1), ("1_000", 1000), ("0x1F", 31), ("0o17", 15), ("0b101", 5), ("00", 0)),
            *(("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e-3", 1e-3), ("-2.5E+2", -250.0), ("1_0.2_5", 10.25)),
            *(("True", True), ("False", False), ("None", None)),
            *(("'a'", "a"), ('"a\'b"', "a'b"), ("'a' \"b\"", "ab"), (r"'\x41\u0042\n\101'", "AB\nA")),
            *((r"r'\n'", r"\n"), ("''", "")),
            *(("'''a\nb'''", "a\nb"), ("'a\\\nb'", "ab"), (r"'\N{DIGIT ONE}'", "1"), ("u'a'", "a")),
            *(("()", ()), ("(1)", 1), ("(1,)", (1,)), ("[1, 2,]", [1, 2]), ("[]", [])),
            *(("((1, 2), [3])", ((1, 2), [3])), ("{}", {})),
            *(("{'a': 1, 2: (3,)}", {"a": 1, 2: (3,)}), ("[\n 1,  # one\n\n 2]", [1, 2])),
            *(("@a", ("@", "a", False)), ("@a.b()", ("@", "a.b", True)), ("@s/t/a.b( )", ("@", "s/t/a.b", True))),
            *(("%m", ("%", "m")), ("%a/m", ("%", "a/m")), ("%a.M", ("%", "a.M"))),
            ("[%m, @a()]", [("%", "m"), ("@", "a", True)]),
            ("\\\n    3", 3),
        ],
    )  # fmt: skip
    def test_literals(self, text: str, wanted: object) -> None:
        assert value(text) == wanted
        assert type(value(text)) is type(wanted)
        assert theirs(f"a.b = {text}\n")[0][4] == wanted

    def test_an_escape_that_python_does_not_know_stays(self) -> None:
        assert value(r"'\d'") == r"\d"

    def test_a_comment_sign_in_a_string_is_no_comment(self) -> None:
        file = read_gin_text("a.b = 'x # y'  # z\n")
        assert plain(file.statements[0].value) == "x # y"  # type: ignore[union-attr]
        assert [c.text for c in file.statements[0].comments] == ["# z"]


class TestStatements:
    def test_the_parts_of_a_binding(self) -> None:
        (binding,) = read_gin_text("s/t/m.n.Class.parameter = 1").statements
        assert isinstance(binding, Binding)
        assert (binding.scopes, binding.selector, binding.parameter) == (("s", "t"), "m.n.Class", "parameter")
        assert binding.key == "s/t/m.n.Class.parameter"

    @pytest.mark.parametrize("text", ["a/b = 1", "a/b/macro.value = 1", "a/b/gin.macro.value = 1"])
    def test_a_macro_by_either_name(self, text: str) -> None:
        (binding,) = read_gin_text(text).statements
        assert isinstance(binding, Binding)
        assert (binding.key, binding.parameter) == ("a/b", "")

    def test_blocks_of_spaces_and_tabs(self) -> None:
        text = "s/a.B:  # above\n\tx = 1\n\n  # between\n        y = (2,\n3)\nC.z = 4\n"
        statements = read_gin_text(text).statements
        assert isinstance(statements[0], Block)
        assert [b.key for b in statements[1:] if isinstance(b, Binding)] == ["s/a.B.x", "s/a.B.y", "C.z"]

    def test_imports_are_noted_and_not_done(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        canary = tmp_path / "gin_canary.py"
        canary.write_text("open(__file__ + '.sang', 'w').close()\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        text = "import gin_canary\nfrom gin_canary import sing\nimport gin_canary.x as y\na.b = @gin_canary.sing()\n"
        file = tmp_path / "a.gin"
        file.write_text(text)
        imports = [s for s in read_gin(file).statements if isinstance(s, Import)]
        assert [i.text for i in imports] == [
            "import gin_canary",
            "from gin_canary import sing",
            "import gin_canary.x as y",
        ]
        assert [i.module for i in imports] == ["gin_canary", "gin_canary.sing", "gin_canary.x"]
        assert "gin_canary" not in sys.modules
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gin", "gin_canary.py"]

    def test_places_are_those_of_the_text(self) -> None:
        text = "\ufeff# ä\r\n\tlong/name.x = [\r\n  'é',  %m]\r\n"
        (binding,) = read_gin_text(text).statements
        assert isinstance(binding, Binding)
        assert (binding.span.line, binding.span.column, binding.span.end_column) == (2, 2, 13)
        inner = binding.value.elements  # type: ignore[union-attr]
        assert [(v.span.line, v.span.column, v.span.end_column) for v in inner] == [(3, 3, 6), (3, 9, 11)]
        assert (binding.value.span.line, binding.value.span.end_line) == (2, 3)


class TestComments:
    def test_each_goes_to_the_statement_it_stands_at(self) -> None:
        text = (
            "# head\n\n# above a\nA.a = 1  # behind a\n  # above b\nA.b = [  # in b\n  # deep in b\n  2]  # behind b\n"
            "# above the block\nB:\n  # above c\n  c = 3\n# last\n"
        )
        file = read_gin_text(text)
        found = [[c.text for c in s.comments] for s in file.statements]
        assert found == [
            ["# head", "# above a", "# behind a"],
            ["# above b", "# in b", "# deep in b", "# behind b"],
            ["# above the block"],
            ["# above c"],
        ]
        assert [c.text for c in file.trailing] == ["# last"]
        assert [c.is_behind for c in file.statements[1].comments] == [False, True, False, True]


class TestIncludes:
    def test_statements_come_in_the_order_of_effect(self, tmp_path: Path) -> None:
        (tmp_path / "one.gin").write_text("A.a = 1\ninclude 'sub/two.gin'\nA.c = 3\n")
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "two.gin").write_text("A.b = 2\ninclude 'three.gin'\n")
        (tmp_path / "sub" / "three.gin").write_text("A.b = 22\n")
        found = [s for s in read_gin(tmp_path / "one.gin").flat() if isinstance(s, Binding)]
        assert [(b.key, b.value.data) for b in found if isinstance(b.value, Literal)] == [
            ("A.a", 1),
            ("A.b", 2),
            ("A.b", 22),
            ("A.c", 3),
        ]
        assert [Path(b.span.source.name).name for b in found] == ["one.gin", "two.gin", "three.gin", "one.gin"]

    def test_the_end_of_a_path_is_enough_in_a_folder_of_the_caller(self, tmp_path: Path) -> None:
        deep = tmp_path / "site" / "ddsp" / "training" / "gin" / "models"
        deep.mkdir(parents=True)
        (deep / "mine.gin").write_text("A.a = 1\n")
        (tmp_path / "mine").mkdir()
        mine = tmp_path / "mine" / "a.gin"
        mine.write_text("include 'models/mine.gin'\n")
        include = read_gin(mine).statements[0]
        assert isinstance(include, Include)
        assert include.file is None
        assert "not found in" in include.problem
        found = read_gin(mine, gin_path=[tmp_path / "site"]).statements[0]
        assert isinstance(found, Include)
        assert found.file is not None

    def test_a_file_of_magenta_ddsp_finds_its_neighbours_where_they_lie(self, tmp_path: Path) -> None:
        folder = tmp_path / "models"
        folder.mkdir()
        (folder / "ae.gin").write_text("A.a = 1\n")
        (folder / "solo.gin").write_text("include 'models/ae.gin'\n")
        assert [s.key for s in read_gin(folder / "solo.gin").flat() if isinstance(s, Binding)] == ["A.a"]


# -- generated -------------------------------------------------------------------------------------

_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name not in ("import", "from", "include", "macro", "True", "False", "None")
)
_SELECTORS = st.lists(_NAMES, min_size=1, max_size=3).map(".".join)
_SCOPED = st.tuples(st.lists(_NAMES, max_size=2), _SELECTORS).map(lambda t: "/".join([*t[0], t[1]]))
_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=8).map(
    lambda text: "".join(c for c in text if not 0x7F <= ord(c) <= 0x9F)
)
_SPACES = st.sampled_from(["", " ", "  ", "\t", "\n", " # note, with (brackets] and 'quotes\n"])
_LEAVES = st.one_of(
    st.integers(-(2**53), 2**53).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["True", "False", "None", "1e-3", "0x10", "'a' 'b'", "1_000"]),
    _TEXT.map(repr),
    _SCOPED.map(lambda name: f"@{name}"),
    _SCOPED.map(lambda name: f"@{name}()"),
    _SCOPED.map(lambda name: f"%{name}"),
)


@st.composite
def _containers(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    opening, closing = draw(st.sampled_from(["()", "[]", "{}"]))
    items = draw(st.lists(inner, max_size=4))
    if opening == "{":
        items = [f"{i}: {item}" for i, item in enumerate(items)]
    gap = draw(_SPACES)
    trailing = "," if items and (opening == "(" or draw(st.booleans())) else ""
    return opening + gap + f",{gap}".join(items) + trailing + draw(_SPACES) + closing


_VALUES = st.recursive(_LEAVES, _containers, max_leaves=12)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["binding", "binding", "block", "import", "comment", "blank", "macro"]))
        value, name = draw(_VALUES), draw(_SCOPED)
        if kind == "binding":
            lines.append(f"{name}.{draw(_NAMES)}{draw(st.sampled_from(['=', ' = ', ' =']))}{value}")
        elif kind == "macro":
            lines.append(f"{draw(_NAMES)} = \\\n    {value}")
        elif kind == "block":
            indent = draw(st.sampled_from(["  ", "\t", "    "]))
            members = [f"{indent}{draw(_NAMES)} = {draw(_VALUES)}" for _ in range(draw(st.integers(1, 3)))]
            lines += [f"{name}:", *members]
        elif kind == "import":
            lines.append(
                draw(st.sampled_from(["import a.b", "from a.b import c", "import a as b", "include 'a/b.gin'"]))
            )
        else:
            lines.append("# a comment: 'x" if kind == "comment" else "")
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


@settings(max_examples=250, deadline=None)
@given(_texts())
def test_generated_files_are_read_as_gin_config_reads_them(text: str) -> None:
    assert ours(read_gin_text(text)) == theirs(text)
