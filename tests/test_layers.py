"""Imports point down, and what answers without TensorFlow never imports it at the top of a file."""

from __future__ import annotations

import ast
from pathlib import Path

import ddspgraph

ROOT = Path(ddspgraph.__file__).parent

#: Bottom to top; siblings in one row may not import each other.
LAYERS = (
    ("codes", "limits", "resources", "installation", "tensorflow_start"),
    ("lazy",),
    ("diagnostics",),
    ("files",),
    ("io",),
    ("ir", "dsp", "nn"),
    ("losses",),
    ("ops",),
    ("compiler",),
    ("streaming", "migrations", "estimates"),
    ("compiler.driver",),
    ("render",),
    ("player", "export", "page", "rewriting"),
    ("proofs", "data"),
    ("training",),
    ("instrument",),
    ("cli",),
    ("__main__",),
)
#: `model.save(...)` is where users look for it, and `_repr_html_` where notebooks do: these methods hand on to the
#: layer above when they are called.
DOORS = {
    ("ddspgraph.compiler.lower", "export"),
    ("ddspgraph.compiler.lower", "render"),
    ("ddspgraph.compiler.lower", "training"),
    ("ddspgraph.streaming.model", "export"),
    ("ddspgraph.ir.graph", "render"),
}
#: An op is called and becomes a layer by methods of its own, which those who do it import when they are called.
CALLS = {("ddspgraph.ir.op", "ddspgraph.ir.call"), ("ddspgraph.ir.op", "ddspgraph.ir.keras_layer")}
#: Where TensorFlow may be imported when the file is.
TENSOR_FILES = (
    "ir/keras_layer",
    "compiler/lower",
    "compiler/execute",
    "compiler/bind",
    "compiler/shared_traces",
    "streaming/",
    "export/",
    "proofs/stream",
    "data/",
    "training/",
    "instrument/",
)


def _unit(module: str) -> str:
    inner = module.removeprefix("ddspgraph.")
    return "compiler.driver" if inner.startswith("compiler.driver") else inner.split(".")[0]


def _files() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        inner = path.relative_to(ROOT).with_suffix("")
        name = ".".join(p for p in inner.parts if p != "__init__")
        if name and not {"schemas", "graphs"} & set(inner.parts):
            found.append((f"ddspgraph.{name}", path))
    return found


def _imports(path: Path, *, top_only: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_imports_point_down() -> None:
    level = {unit: i for i, row in enumerate(LAYERS) for unit in row}
    wrong = []
    for module, path in _files():
        unit = _unit(module)
        assert unit in level, f"{module} is in no layer"
        for imported in _imports(path, top_only=False):
            if not imported.startswith("ddspgraph."):
                continue
            target = _unit(imported)
            if (module, target) in DOORS:
                continue
            if target in level and target != unit and level[target] >= level[unit]:
                wrong.append(f"{module} imports {imported}")
    assert not wrong, "\n".join(wrong)


def test_tensorflow_is_imported_only_where_tensors_are() -> None:
    wrong = []
    for _, path in _files():
        inner = path.relative_to(ROOT).as_posix()
        heavy = {name.split(".")[0] for name in _imports(path, top_only=True)} & {"tensorflow", "keras"}
        if heavy and not inner.startswith(TENSOR_FILES):
            wrong.append(f"{inner} imports {heavy}")
    assert not wrong, "\n".join(wrong)


def test_no_file_is_long() -> None:
    long = {str(p.relative_to(ROOT)): n for _, p in _files() if (n := len(p.read_text().splitlines())) > 400}
    assert not long


def _circles(edges: dict[str, set[str]]) -> list[set[str]]:
    """The sets of modules that import one another, however far around."""
    seen: dict[str, set[str]] = {}
    for module in edges:
        reached, waiting = set(), [module]
        while waiting:
            for imported in edges[waiting.pop()] - reached:
                reached.add(imported)
                waiting.append(imported)
        seen[module] = reached
    circles = {frozenset({m, *(n for n in seen[m] if m in seen[n])}) for m in edges if m in seen[m]}
    return [set(circle) for circle in circles]


def _imported_modules(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules that one imports when it runs, in functions too; those for type checkers alone are none."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = [ast.Pass()]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in inner.values()}
    return found & set(modules)


def test_no_circle_of_imports_but_through_doors() -> None:
    modules = dict(_files())
    edges = {
        module: {
            imported
            for imported in _imported_modules(path, modules) - {module}
            if (module, _unit(imported)) not in DOORS and (module, imported) not in CALLS
        }
        for module, path in modules.items()
    }
    assert not _circles(edges)


def test_the_page_shows_these_rows() -> None:
    page = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = ["  ".join(row) for row in reversed(LAYERS) if row != ("__main__",)]
    assert "\n```\n" + "\n".join(rows) + "\n```\n" in page
