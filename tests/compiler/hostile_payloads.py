"""Texts made to hurt a YAML reader, and the child process that reads them under a memory limit.

`python -m tests.compiler.hostile_payloads` takes names of payloads, or of files in a folder, as JSON from
stdin and prints a line of JSON before and after each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

MEMORY_BYTES = 1 << 30
FULL = (1 << 20) - 1  # one byte below the file limit


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


def padded(text: str) -> str:
    """The text and a comment, up to one byte below the file limit."""
    return text + "#" * (FULL - len(text))


# Name -> the text, and the code of its first error; None where it keeps all limits and is read.
PAYLOADS: dict[str, tuple[Callable[[], str | bytes], str | None]] = {
    # T1: aliases, merges, anchors
    **{f"sequence bomb of {n}": (lambda n=n: sequence_bomb(n), "E704") for n in (6, 10, 30)},
    **{f"mapping bomb of {n}": (lambda n=n: mapping_bomb(n), "E704") for n in (6, 10, 30)},
    **{f"merge bomb of {n}": (lambda n=n: merge_bomb(n), "E704") for n in (6, 10, 30)},
    "sequence bomb of 5": (lambda: sequence_bomb(5), None),  # 66,430 values: within the limit
    "mapping bomb of 5": (lambda: mapping_bomb(5), None),
    "merge bomb of 5": (lambda: merge_bomb(5), None),
    "chain of aliases": (lambda: levels(400, "[1]", lambda alias: f"[{alias}]"), "E702"),
    "chain of merges": (lambda: levels(400, "{k: 1}", lambda alias: f"{{<<: {alias}}}"), "E702"),
    "merges of one large mapping": (
        lambda: "a: &a {" + ",".join(f"k{i}" for i in range(9000)) + "}\n" + "b: {<<: [" + "*a," * 9000 + "]}",
        "E704",
    ),
    "self-reference": (lambda: "a: &a [*a, *a]", "E107"),
    "self-reference by merge": (lambda: "a: &a {<<: [*a]}", "E107"),
    "100,000 anchors": (lambda: "a: [" + " ".join(f"&{i} ," for i in range(100_000)) + "]", "E704"),
    "90,000 anchors": (lambda: "a: [" + " ".join(f"&{i} ," for i in range(90_000)) + "]", None),
    "an anchor of a megabyte": (lambda: "a: *" + "a" * 1_000_000, "E107"),
    # T2: nesting
    **{f"{n} brackets": (lambda n=n: "[" * n, "E702") for n in (65, 1_000, 30_000, 1_000_000)},
    **{f"{n} brackets in a value": (lambda n=n: "a: " + "[" * n, "E702") for n in (64, 30_000, 1_000_000)},
    **{f"{n} braces": (lambda n=n: "{a: " * n, "E702") for n in (65, 1_000, 30_000, 250_000)},
    **{f"{n} dashes": (lambda n=n: "- " * n, "E702") for n in (65, 1_000, 30_000, 500_000)},
    **{f"{n} question marks": (lambda n=n: "? " * n, "E702") for n in (65, 1_000, 30_000, 500_000)},
    "1,000 closed brackets": (lambda: "a: " + "[" * 1_000 + "]" * 1_000, "E702"),
    "30,000 closed brackets": (lambda: "[" * 30_000 + "]" * 30_000, "E702"),
    "1,400 indented keys": (lambda: "\n".join(" " * i + "a:" for i in range(1_400)), "E702"),
    # T3: size
    "a list of a megabyte": (lambda: padded("a:\n" + "- 1\n" * 99_000), None),
    "keys of a megabyte": (lambda: padded("".join(f"k{i}: 1\n" for i in range(99_990))[: FULL - 8]), None),
    "a comment of a megabyte": (lambda: padded("a: 1\n"), None),
    "one byte more": (lambda: padded("a: 1\n") + "##", "E701"),
    "many pairs": (lambda: "a: [" + "a: 1," * 60_000 + "]", "E703"),
    "many scalars": (lambda: "a: [" + "1," * 199_000 + "]", "E704"),
    "words of a megabyte": (lambda: "a: " + "x " * 500_000, "E705"),
    "a folded text of a megabyte": (lambda: "a: >\n" + " x\n\n" * 250_000, "E705"),
    "quoted line ends": (lambda: 'a: "' + "\n" * 1_000_000 + '"', "E705"),
    "an open quote": (lambda: "a: '" + "x\n" * 400_000, "E101"),
    "escapes": (lambda: 'a: "' + "\\x41" * 200_000 + '"', "E705"),
    "line ends only": (lambda: "\n" * FULL, "E105"),
    "blanks only": (lambda: " " * FULL, "E105"),
    "tabs only": (lambda: "\t" * FULL, "E101"),
    "dashes without a blank": (lambda: "-" * FULL, "E705"),
    "colons": (lambda: ": " * 500_000, "E101"),
    "tag directives": (lambda: "".join(f"%TAG !{i}! x\n" for i in range(60_000)), "E104"),
    "tag directives at the end": (lambda: "a: 1\n...\n" + "%TAG ! x\n" * 60_000, "E104"),
    "directives": (lambda: "%YAML 1.2\n" * 90_000, "E101"),
    # Many errors in one line of a megabyte
    "tags": (lambda: "a: [" + "!x y, " * 100_000 + "]", "E104"),
    "duplicates in one line": (lambda: "{" + "a: 1, " * 60_000 + "}", "E103"),
    "duplicates": (lambda: "a: 1\n" * 60_000, "E103"),
    "undefined aliases": (lambda: "a: [" + "*a, " * 100_000 + "]", "E107"),
    "infinities": (lambda: "a: [" + ".inf, " * 100_000 + "]", "E503"),
    # Numbers that are slow to convert
    "60,000 digits": (lambda: "a: " + "9" * 60_000, "E706"),
    "60,000 digits and a point": (lambda: "a: " + "9" * 60_000 + ".0", "E503"),
    "60,000 digits of an exponent": (lambda: "a: 1e" + "9" * 60_000, "E503"),
    # T5: encodings and characters
    "nothing but NUL": (lambda: b"\0" * FULL, "E102"),
    "UTF-16 with a mark": (lambda: "a: 1\n".encode("utf-16"), "E102"),
    "UTF-16 without a mark": (lambda: "a: 1\n".encode("utf-16-le"), "E102"),
    "UTF-32": (lambda: "a: 1\n".encode("utf-32"), "E102"),
    "Latin-1": (lambda: "a: \xe9".encode("latin-1") * 100_000, "E102"),
    "half of a character": (lambda: "a: é".encode()[:-1], "E102"),
    "a surrogate in UTF-8": (lambda: "a: \ud800".encode("utf-8", "surrogatepass"), "E102"),
    "a surrogate": (lambda: "a: \ud800", "E102"),
    "a surrogate, escaped": (lambda: 'a: "\\ud800"', "E101"),
    "a BOM within": (lambda: "a: \ufeffb", "E102"),
    **{
        f"U+{ord(c):04X}": (lambda c=c: f"a{c}b: 1\n", "E102")
        for c in "\0\x07\x1b\x7f\x80\x85\x9f\u061c\u200e\u2028\u202a\u202e\u2066\u2069\uffff"
    },
    "bidi, escaped": (lambda: 'a: "\\u202e"', "E102"),
    "a BOM": (lambda: "\ufeffa: 1\n".encode(), None),
    "beyond the first plane": (lambda: "a: 😀日本é\n".encode(), None),
}


def main(names: list[str], folder: str | None) -> None:
    """Reads payloads by name, or files of a folder; prints first code, CPU seconds, length of message."""
    import resource

    from ddspgraph.compiler.frontend.document import read, read_text
    from ddspgraph.diagnostics import GraphError

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for name in names:
        print(json.dumps({"starts": name}), flush=True)
        payload = PAYLOADS[name][0]() if folder is None else b""
        start, code, message = time.process_time(), None, ""
        try:
            if folder is None:
                read_text(payload, name)
            else:
                read(Path(folder, name))
        except GraphError as error:
            code, message = error.diagnostics[0].code, str(error)
        seconds = time.process_time() - start
        result = {"name": name, "code": code, "seconds": seconds, "characters": len(message)}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    chosen = json.loads(sys.stdin.read())
    main(chosen["names"], chosen["folder"])
