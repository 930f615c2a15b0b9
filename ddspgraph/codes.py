"""Every code a diagnostic can carry: code -> what it means and how to repair it.

The first digit is the family: E1 YAML, E2 structure, E3 names, E4 types, E5 values, E6 data and files,
E7 limits, E8 numerics, E9 migration, W1 warnings. `docs/errors.md` is generated from this table.
A code is never given a second meaning.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    # E1: the text is not the YAML that we read
    "E101": "The text is not well-formed YAML.",
    "E102": "The text is not UTF-8, or holds a character that a spec may not hold (NUL, C1, bidi controls).",
    "E103": "A key stands twice in one mapping. YAML 1.2 forbids it; many readers silently keep the last.",
    "E104": "A YAML tag (`!name`). A spec is plain data; tags are never obeyed.",
    "E105": "The document is empty, or is not a mapping of keys to values.",
    "E106": "More than one document in a file.",
    "E107": "An alias without an anchor, or an alias inside of what it names.",
    "E108": "A key that is not a plain name.",
    # E2: the structure is not that of a spec
    "E201": "A required key is missing.",
    "E202": "An unknown key. Keys that begin with `x-` are the author's own and are ignored.",
    "E203": "A value of the wrong kind: a list where a mapping belongs, a word where a number belongs.",
    "E204": "A version that this program does not know.",
    "E205": "A key that is reserved for a later version of the language.",
    "E206": "A name that is not an identifier: a letter or `_`, then letters, digits and `_`.",
    # E3: a name leads nowhere
    "E301": "A reference to an input or node that does not exist.",
    "E302": "An op that is not in the library.",
    "E303": "A reference to an output port that the node does not have.",
    "E304": "An input port that the op does not have, or more inputs than it has ports.",
    "E305": "An input port that must be connected is not.",
    "E306": "Two inputs, nodes or losses share one name.",
    "E307": "A cycle: a node needs its own output. (A later version closes cycles through a stated delay.)",
    "E308": "A `$name` that `params` does not define, or a `--set` of a name that it does not define.",
    "E309": "A parameter that the op does not have.",
    "E310": "A parameter that must be given is not.",
    "E311": "A literal where a signal is wanted.",
    "E312": "The graph has neither outputs nor losses: it computes nothing.",
    # E4: two ends of an edge do not fit
    "E401": "The clock does not divide: a frame must be a whole number of samples.",
    "E402": "An op needs a rate that the clock does not give.",
    "E403": "A parameter repeats what the clock says, and disagrees with it.",
    "E411": "A rate mismatch: an audio signal meets a frame-rate port, or a time signal a constant port.",
    "E412": "A unit mismatch.",
    "E413": "A rank mismatch: the number of axes differs.",
    "E414": "A dimension mismatch: channels, frames or samples differ.",
    # E5: a value is not acceptable
    "E501": "A parameter of the wrong type.",
    "E502": "A parameter outside of its range.",
    "E503": "A number that is not finite.",
    "E504": "A quantity that cannot be read: an unknown unit, or no number before it.",
    "E505": "A quantity whose unit does not fit here.",
    "E506": "A word that is not one of the allowed ones.",
    # E6: data and files (exit code 4)
    "E601": "A file that does not exist or cannot be read.",
    "E602": "An audio or array file whose content is not what its name or header says.",
    "E603": "An input that the results need was not given.",
    "E604": "An input that the graph does not have.",
    "E605": "An input of the wrong shape, rank or type.",
    "E606": "Inputs whose lengths disagree.",
    "E607": "A file that cannot be written.",
    "E608": "A program or package that this needs is not installed.",
    "E609": "The exported model does not compute what the graph computes.",
    "E610": "A module of user ops that cannot be loaded.",
    "E611": "A dataset that does not fit the graph: another clock, another rate or unit, or a needed input is not there.",
    "E612": "A dataset whose files are not what its manifest says: missing, cut off, swapped or damaged.",
    "E613": "Recordings that make no dataset: none was found, none can be read, or all are silent.",
    "E614": "A run folder that cannot be trained in: another process does, or it holds something else.",
    "E615": "A run none of whose checkpoints can be read. Training never begins anew in its place.",
    "E616": "A checkpoint that does not fit the graph: it lacks a weight, or has one of another shape.",
    # E7: limits (exit code 5)
    "E701": "The file is larger than the limit.",
    "E702": "The nesting is deeper than the limit.",
    "E703": "The text has more YAML events than the limit.",
    "E704": "The document has more values than the limit, aliases and merges counted as if written out.",
    "E705": "A scalar is longer than the limit.",
    "E706": "An integer beyond 2^53, which JSON readers and floats cannot hold exactly.",
    "E707": "The graph has more nodes or edges than the limit.",
    "E708": "The estimated peak memory is larger than the limit.",
    "E709": "Not a regular file: a directory, a pipe or a device.",
    # E8: numerics (exit code 6)
    "E801": "A result is not finite.",
    "E802": "A migrated graph does not compute what the list that it comes from does.",
    "E803": "Losses or gradients that are not finite, in too many training steps one after the other.",
    # E9: migration
    "E901": "A construct of an older version that has no counterpart in the current one.",
    "E902": "The text is not well-formed gin.",
    "E903": "A gin macro that nothing defines, or that is defined by itself.",
    # W1: it works, but is it meant?
    "W101": "A node whose outputs nothing uses.",
    "W102": "An input that nothing uses.",
    "W103": "Two nodes that compute the same thing.",
    "W104": "Harmonics that can never sound: they lie above the Nyquist frequency for every pitch of interest.",
    "W105": "A reverb that is longer than the audio it is fed.",
    "W106": "A loss whose largest FFT is longer than the clip.",
    "W107": "A constant of `params` that nothing uses.",
    "W108": "An older spec version: it works; `ddspgraph migrate` brings it to the current one.",
    "W109": "More findings than are listed: the first 100 are.",
    "W110": "Something of the layout of an older file that its migration does not keep.",
    "W111": "A gin file that another includes and that was not found: what it says is not known.",
    "W112": "A checkpoint that is damaged: the one before it is used.",
}
