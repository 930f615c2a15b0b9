"""A name that no op has -> the op that is meant: misspelt, called by another word, or honestly not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from ddspgraph.diagnostics import did_you_mean
from ddspgraph.ir.op import Op
from ddspgraph.ops.missing import MEANS, MISSING, SAY_NOTHING

_MOST_OPS, _MOST_FOUND = 3, 12
#: A name that is less like any other may be that of an op whose file was forgotten.
_A_SLIP = 0.87
_OWN = " op of your own is given with --ops FILE"


def plain_word(text: str) -> str:
    """A word as searches compare it: `os.high_pass~`, `High-Pass` and `highpass` are one."""
    return re.sub(r"[\W_]+", "", text.lower().rstrip("~").rpartition(".")[2]) or text.strip()


def ops_called(word: str, ops: Iterable[type[Op]]) -> dict[str, str]:
    """The ops of which a word is another name, with what makes each of them one: `{"lfo": "shape: saw"}`."""
    wanted, found = plain_word(word), {}
    for op in ops:
        for called in op.words:
            name, _, remark = called.removesuffix(")").partition(" (")
            if plain_word(name) == wanted:
                found.setdefault(op.name, remark)
    return found


def ops_about(text: str, ops: Iterable[type[Op]]) -> dict[str, str]:
    """The ops that words of a person lead to, best first, each with what makes it one, as in `ops_called`.

    An op that is called so comes before one of whose name, other words or summary each of the words is a part; in a
    sentence (`make it quieter`) words that say nothing do not count, and the word for a wish is that for its means.
    """
    library = list(ops)
    exact = ops_called(text, library)
    spoken: list[str] = re.findall(r"[\w+*]+", text.lower())
    words = [MEANS.get(word, word) for word in spoken if word not in SAY_NOTHING]
    for word in words if len(words) == 1 else [" ".join(words)]:
        exact |= {op.name: "" for op in library if plain_word(op.name) == plain_word(word)}
        exact |= {name: how for name, how in ops_called(word, library).items() if name not in exact}
    scores = {op.name: _score(words, op) for op in library if op.name not in exact}
    near = sorted((name for name, score in scores.items() if score), key=lambda name: -scores[name])
    return exact | dict.fromkeys(near[:_MOST_FOUND], "")


def _score(words: Sequence[str], op: type[Op]) -> int:
    """How much of an op the words are about; 0 where one of them is nowhere in it."""
    called = " ".join([op.name.replace("_", " "), *op.words]).lower()
    fields = ((called, 2), (op.summary().lower(), 1))
    each = [max((n for text, n in fields if re.search(rf"\b{re.escape(_stem(w))}", text)), default=0) for w in words]
    return sum(each) if words and all(each) else 0


def _stem(word: str) -> str:
    """`filters`, `filtered`, `filtering`: `filter`."""
    return re.sub(r"(?<=\w{4})(?:ing|ed|er|s)$", "", word)


def missing_advice(word: str) -> str | None:
    """What to do instead of what the library does not have; None of what it has, or nobody looks for."""
    wanted = plain_word(word)
    return next((advice for words, advice in MISSING if wanted in map(plain_word, words)), None)


def op_hint(name: str, here: Mapping[str, type[Op]], library: Mapping[str, type[Op]]) -> str:
    """What to write in place of an op that does not exist; `here` are those of the library that may stand there."""
    name = name[:80]
    meant = (
        _other_word(name, here)
        or _near(name, here)
        or _other_word(name, library)
        or did_you_mean(name, list(here))
        or "`ddspgraph ops` lists the library"
    )
    if "--ops" in meant or difflib.get_close_matches(plain_word(name), map(plain_word, library), n=1, cutoff=_A_SLIP):
        return meant
    return f"{meant} An{_OWN}" if meant.endswith("?") else f"{meant}; an{_OWN}"


def _other_word(word: str, ops: Mapping[str, type[Op]]) -> str | None:
    found = ops_called(word, ops.values())
    if found:
        said = [f"'{op}'" + f" ({remark})" * bool(remark) for op, remark in list(found.items())[:_MOST_OPS]]
        return f"did you mean {' or '.join(said)}? `ddspgraph ops {next(iter(found))}` explains it"
    advice = missing_advice(word)
    return f"there is none: {advice}" if advice else None


def _near(word: str, ops: Mapping[str, type[Op]]) -> str | None:
    """The repair of a slip of the finger, in the name of an op or in another word for one."""
    wanted = plain_word(word)
    plain = {plain_word(name): name for name in ops}
    slips = difflib.get_close_matches(wanted, plain, n=_MOST_OPS, cutoff=_A_SLIP)
    if slips:  # then names that are only somewhat like it are not meant
        return did_you_mean(wanted, [plain[slip] for slip in slips])
    if difflib.get_close_matches(wanted, plain, n=1, cutoff=0.75):
        return did_you_mean(word, list(ops))
    called = [plain_word(w.partition(" (")[0]) for op in ops.values() for w in op.words]
    called += [plain_word(w) for words, _ in MISSING for w in words]
    near = difflib.get_close_matches(wanted, called, n=1, cutoff=0.8)
    return _other_word(near[0], ops) if near else None
