"""Texts just beyond a limit, each small enough to do no harm where the limit is missing."""

from __future__ import annotations

from collections.abc import Callable

from ddspgraph.limits import Limits

#: Bounds so near that a text of a few hundred bytes passes them; the depth is the one that users have.
NEAR = Limits(file_bytes=4_096, events=300, values=200, scalar_bytes=256)
DEPTH = NEAR.depth


def levels(count: int, first: str, item: Callable[[str], str]) -> str:
    """`count` anchored values, each made of nine aliases of the one before."""
    lines = [f"l0: &a0 {first}"]
    lines += [f"l{i}: &a{i} {item(f'*a{i - 1}')}" for i in range(1, count)]
    return "\n".join(lines)


def sequence_bomb(count: int) -> str:
    return levels(count, "[x, x, x, x, x, x, x, x, x]", lambda alias: f"[{', '.join([alias] * 9)}]")


def mapping_bomb(count: int) -> str:
    return levels(count, "{k: x}", lambda alias: "{" + ", ".join(f"k{i}: {alias}" for i in range(9)) + "}")


def merge_bomb(count: int) -> str:
    return levels(count, "{k: x}", lambda alias: f"{{<<: [{', '.join([alias] * 9)}]}}")


def _indented(count: int) -> str:
    return "\n".join(" " * i + "a:" for i in range(count))


#: A way to nest -> the text of so many levels, and the line and column of the first that is too deep.
NESTED: dict[str, tuple[Callable[[int], str], tuple[int, int]]] = {
    "brackets": (lambda n: "[" * n, (1, DEPTH + 1)),
    "brackets of lines": (lambda n: "[\n" * n, (DEPTH + 1, 1)),
    "brackets of Windows": (lambda n: "[\r\n" * n, (DEPTH + 1, 1)),
    "closed brackets": (lambda n: "a: " + "[" * (n - 1) + "]" * (n - 1), (1, 3 + DEPTH)),
    "braces": (lambda n: "{a: " * n, (1, 4 * DEPTH + 1)),
    "braces after quotes": (lambda n: "{'[': " * n, (1, 6 * DEPTH + 1)),
    "both": (lambda n: ("[{a: " * n)[: 5 * (n // 2) + n % 2], (1, 5 * DEPTH // 2 + 1)),
    "dashes": (lambda n: "- " * n, (1, 2 * DEPTH + 1)),
    "question marks": (lambda n: "? " * n, (1, 2 * DEPTH + 1)),
    "indented keys": (_indented, (DEPTH + 1, DEPTH + 1)),
    "a list below": (lambda n: "a:\n- " + "[" * (n - 2), (2, 3 + DEPTH - 2)),
    "behind a comment": (lambda n: "# [[[ '\na: " + "[" * (n - 1), (2, 3 + DEPTH)),
    "behind a block scalar": (lambda n: "a: |\n  [[[ '\nb: " + "[" * (n - 1), (3, 3 + DEPTH)),
    "behind an open text": (lambda n: "a: it's [[[\nb: " + "[" * (n - 1), (2, 3 + DEPTH)),
    "behind a fault": (lambda n: "a: 1\nb: ]\nc: " + "[" * (n - 1), (3, 3 + DEPTH)),
}

#: What looks deep and is not.
FLAT = {
    "quoted": "a: '" + "[" * 200 + "'\n",
    "quoted twice": 'a: "' + "[" * 100 + '\\"' + "{" * 100 + '"\n',
    "a comment": "# " + "[" * 200 + "\na: 1 # " + "{" * 100 + "\n",
    "a block scalar": "a: |\n" + "  - - - [[[[\n" * 20 + "b: >2\n    " + "? " * 90 + "\n",
    "an open text": "a: x" + "[" * 200 + "\n  " + "- " * 20 + "\n",
    "a key": "a[[[[: " + "x[" * 90 + "\n",
    "closed again": "a: [" + "[], {}, " * 40 + "]\n",
    "many lists": "a:\n" + "- - - 1\n" * 30,
    "as deep as may be": "a: " + "[" * (DEPTH - 1) + "]" * (DEPTH - 1),
}

#: name -> a text beyond one limit of `NEAR`, the code of its first error.
BEYOND: dict[str, tuple[str, str]] = {
    "a byte too many": ("a: 1\n" + "#" * (NEAR.file_bytes - 4), "E701"),
    "pairs": ("a: [" + "a: 1," * 80 + "]", "E703"),
    "pairs, then a fault": ("a: [" + "a: 1," * 80 + "}", "E703"),
    "scalars": ("a: [" + "1," * 201 + "]", "E704"),
    "scalars, then a fault": ("a: [" + "1," * 201 + "}", "E704"),
    "anchors": ("a: [" + " ".join(f"&{i} ," for i in range(201)) + "]", "E704"),
    "sequence bomb": (sequence_bomb(3), "E704"),
    "mapping bomb": (mapping_bomb(4), "E704"),
    "merge bomb": (merge_bomb(4), "E704"),
    "merges of one mapping": (
        "a: &a {" + ",".join(f"k{i}" for i in range(20)) + "}\nb: {<<: [" + "*a," * 12 + "]}",
        "E704",
    ),
    "a word": ("a: " + "x" * 257, "E705"),
    "a key": ("x" * 257 + ": 1", "E705"),
    "a key that YAML has no room for": ("x" * 1_100 + ": 1", "E705"),
    "a quoted key that YAML has no room for": ("'" + "x" * 1_100 + "': 1", "E705"),
    "a key in braces": ("{" + "x" * 257 + ": 1}", "E705"),
    "words": ("a: " + "x " * 200, "E705"),
    "letters of two bytes": ("a: " + "é" * 129, "E705"),
    "a word, then a fault": ("a: " + "x" * 257 + "\nb: ]", "E705"),
    "a folded text": ("a: >\n" + " x\n\n" * 200, "E705"),
    "quoted line ends": ('a: "' + "\n" * 600 + '"', "E705"),
    "escapes": ('a: "' + "\\x41" * 257 + '"', "E705"),
    "digits": ("a: 9007199254740993", "E706"),
}
#: A text of other faults, and its first code; None where it is read.
OTHER: dict[str, tuple[str | bytes, str | None]] = {
    "a comment up to the limit": ("a: 1\n" + "#" * (NEAR.file_bytes - 5), None),
    "sequence bomb within": (sequence_bomb(2), None),
    "escapes within": ('a: "' + "\\x41" * 256 + '"', None),
    "a key of 256 letters": ("x" * 256 + ": 1", None),
    "self-reference": ("a: &a [*a, *a]", "E107"),
    "self-reference by merge": ("a: &a {<<: [*a]}", "E107"),
    "a long alias": ("a: *" + "a" * 1_000, "E107"),
    "an open quote": ("a: '" + "x\n" * 40, "E101"),
    "line ends only": ("\n" * 400, "E105"),
    "blanks only": (" " * 400, "E105"),
    "tabs only": ("\t" * 400, "E101"),
    "colons": (": " * 40, "E101"),
    "tag directives": ("".join(f"%TAG !{i}! x\n" for i in range(3)), "E104"),
    "tag directives at the end": ("a: 1\n...\n" + "%TAG ! x\n" * 3, "E104"),
    "directives": ("%YAML 1.2\n" * 3, "E101"),
    "tags": ("a: [" + "!x y, " * 40 + "]", "E104"),
    "duplicates in one line": ("{" + "a: 1, " * 130 + "}", "E103"),
    "undefined aliases": ("a: [" + "*a, " * 120 + "]", "E107"),
    "infinities": ("a: [" + ".inf, " * 120 + "]", "E503"),
    "digits of an exponent": ("a: 1e" + "9" * 200, "E503"),
    "digits and a point": ("a: " + "9" * 250 + ".0e99", "E503"),
    "nothing but NUL": (b"\0" * 400, "E102"),
    "UTF-16 with a mark": ("a: 1\n".encode("utf-16"), "E102"),
    "UTF-16 without a mark": ("a: 1\n".encode("utf-16-le"), "E102"),
    "UTF-32": ("a: 1\n".encode("utf-32"), "E102"),
    "Latin-1": ("a: \xe9".encode("latin-1") * 100, "E102"),
    "half of a character": ("a: é".encode()[:-1], "E102"),
    "a surrogate in UTF-8": ("a: \ud800".encode("utf-8", "surrogatepass"), "E102"),
    "a surrogate": ("a: \ud800", "E102"),
    "a BOM within": ("a: \ufeffb", "E102"),
    **{
        f"U+{ord(c):04X}": (f"a{c}b: 1\n", "E102")
        for c in "\0\x07\x1b\x7f\x80\x85\x9f\u061c\u200e\u2028\u202a\u202e\u2066\u2069\uffff"
    },
    "bidi, escaped": ('a: "\\u202e"', "E102"),
    "a BOM": ("\ufeffa: 1\n".encode(), None),
    "beyond the first plane": ("a: 😀日本é\n".encode(), None),
}
