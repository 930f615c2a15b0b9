"""Pictures through graphviz's `dot`: a program of its own, given text on its standard input and a time limit."""

from __future__ import annotations

import re
import shutil
import subprocess

from ddspgraph.diagnostics import clean, fail

#: 300 nodes take about 3 s; a graph at the limit of 4,096 nodes would not be looked at.
TIMEOUT_S = 60.0
#: Twice the resolution of a screen: sharp in a slide, and in print at half its width.
PNG_DPI = 192
INSTALL_HINT = "Debian: apt-get install graphviz; macOS: brew install graphviz. .dot and .mmd files need no program"


def render_dot(dot: str, suffix: str, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """DOT text as the bytes of an "svg", "png" or "pdf" file.

    Raises:
      GraphError: E608 where `dot` is not installed or fails; E607 where it does not end in time.
    """
    program = shutil.which("dot")
    if program is None:
        raise fail("E608", f"a .{suffix} picture needs graphviz's program 'dot'", hint=INSTALL_HINT)
    arguments = [program, f"-T{suffix}", *([f"-Gdpi={PNG_DPI}"] if suffix == "png" else [])]
    try:
        done = subprocess.run(arguments, input=dot.encode(), capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        hint = "draw less detail, or write a .dot file"
        raise fail("E607", f"graphviz's 'dot' did not lay the graph out in {timeout_s:g} s", hint=hint) from None
    if done.returncode != 0 or not done.stdout:
        said = clean(done.stderr.decode(errors="replace").strip().partition("\n")[0])[:200]
        raise fail("E608", f"graphviz's 'dot' failed: {said or f'exit code {done.returncode}'}", hint=INSTALL_HINT)
    return _bare_svg(done.stdout) if suffix == "svg" else done.stdout


def _bare_svg(svg: bytes) -> bytes:
    """An `<svg>` element that can stand inside of a page: no document type (it names a URL), no comments.

    Graphviz writes stroke="transparent", a colour that SVG 1.1 does not have: some viewers draw it black. No text of
    the graph is touched: in it `<` and `"` are entities.
    """
    text = svg.decode()
    text = re.sub(r"<!--.*?-->\n?", "", text[text.index("<svg") :], flags=re.DOTALL)
    return text.replace('="transparent"', '="none"').encode()
