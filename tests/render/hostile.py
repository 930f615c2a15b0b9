"""Names and texts that would break out of DOT, Mermaid, SVG or HTML where they were not escaped (T14)."""

from __future__ import annotations

from collections.abc import Mapping

from ddspgraph.ir.graph import Graph, Input, Node
from ddspgraph.ir.op import Op, param
from ddspgraph.ir.ports import Port, audio
from ddspgraph.ir.types import Rate, Signal, signal

XSS = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</text></svg><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    '<a xlink:href="javascript:alert(1)">x</a>',
    "<foreignObject><body onload=alert(1)></foreignObject>",
    "<use href=https://evil.example/x.svg#a>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example>",
    "<math><mtext></mtext></math>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<object data=data:text/html,x>",
    "<embed src=x>",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content=0>",
    "<!-- --><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script><![CDATA[",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;script&#x3e;",
    "&undefined;",
    "& && &amp; &;",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "`${alert(1)}`",
    "{{constructor.constructor('alert(1)')()}}",
    "\\u003cscript\\u003e",
)
DOT = (
    '"',
    "\\",
    '\\"',
    'x"]; evil [label="owned',
    'x"; } digraph evil { a -> b',
    ">]; evil -> evil; x [label=<",
    "<<<>>>",
    "a|b|{c|d}",
    "\\N \\G \\E \\L \\T",
    "\\l\\r\\n",
    "</TD></TR></TABLE>",
    "<IMG SRC='/etc/passwd'/>",
    "<BR/>",
    "a:b:c",
    "a->b--c",
    "// comment",
    "/* comment */",
    "# preprocessor",
    "graph",
    "subgraph cluster_evil {",
    "node",
)
MERMAID = (
    "end",
    '"] --> evil["',
    "%%{init: {'securityLevel': 'loose'}}%%",
    "%% comment",
    'click node_a href "javascript:alert(1)"',
    "#quot; #35; #60;script#62;",
    "`**markdown**`",
    "$$\\KaTeX$$",
    "fa:fa-car",
    "---",
    "x|y",
    ":::evil",
    "@{ shape: circle }",
    "; evil",
)
TEXT = (
    "",
    " ",
    "a\nb",
    "a\r\nb\tc",
    "a\x00b\x1bc\x7f",
    "\u202egnp.exe",
    "\u2028\u2029",
    "\ud800",
    "\ufeff",
    "naïve Ölçü 音 🎵",
    "x" * 10_000,
    "<" * 10_000,
    "&" * 10_000,
    '"\\' * 5_000,
)
CORPUS = tuple(dict.fromkeys((*XSS, *DOT, *MERMAID, *TEXT)))


class Hostile(Op):
    """Takes a text and gives audio.

    Source: this test.
    """

    inputs = {"audio": audio(doc="The sound."), "second": audio(doc="The other sound.")}
    outputs = {"signal": audio(doc="The sound.")}

    said: str = param("", doc="Anything.")
    names: tuple[tuple[str, int], ...] = param((), doc="Anything with a number.")

    def output_ports(self) -> Mapping[str, Port]:
        return {"signal": audio(), f"port {self.said}": audio()}


def hostile_graph() -> Graph:
    """Every text of the corpus as a name of graph, input, node, port, group and output, in params and docs."""
    stream: Signal = signal("batch", "samples", rate=Rate.AUDIO)
    inputs = [Input(f"in {text}", stream, doc=text) for text in CORPUS]
    nodes = []
    for i, text in enumerate(CORPUS):
        op = Hostile(said=text, names=((text, i),))
        ends = (("audio", inputs[i].ref), ("second", inputs[0].ref))
        nodes.append(Node(f"node {text}", op, ends, doc=text, group=f"group {text}"))
    outputs = tuple((f"out {t}", n.refs[1]) for t, n in zip(CORPUS, nodes, strict=True))
    types = {ref: stream for node in nodes for ref in node.refs} | {i.ref: stream for i in inputs}
    return Graph("".join(CORPUS[:20]), inputs=tuple(inputs), nodes=tuple(nodes), outputs=outputs, types=types)
