"""The structure of a version-2 spec as JSON Schema (draft-07): all but what depends on the op library.

`validate` holds documents against it; `schema.py` adds every op's ports and parameters to it for editors.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.ir.feedback import INTERPOLATIONS
from ddspgraph.ir.mapped import MIXES, NORMS
from ddspgraph.ir.midi import STEALS
from ddspgraph.ir.training import TRAINING_PARAMS
from ddspgraph.ir.types import Rate, Unit
from ddspgraph.limits import MOST_VOICES

NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
#: Of a node: `vox.cut` is the node `cut` of the sub-graph `vox`, also where somebody has written it out.
PATH = r"^(?!.*\.([.0-9]|$))[A-Za-z_][A-Za-z0-9_.]*$"
REFERENCE = r"^(?!.*\.([.0-9/]|$))[A-Za-z_][A-Za-z0-9_.]*(/[A-Za-z_][A-Za-z0-9_]*)?$"
CONSTANT = r"^\$[A-Za-z_][A-Za-z0-9_]*$"
OWN_KEY = "^x-"

#: Keys of later versions, and what the answer to them is until then.
RESERVED = {
    "presets": "named sets of values for `params`",
}


def _mapping(properties: dict[str, Any], required: list[str], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "patternProperties": {OWN_KEY: {}},
        "additionalProperties": False,
        **more,
    }


#: A section with nothing under it: its last entry is commented out.
_MAPPING = ["object", "null"]


def _named(items: dict[str, Any], description: str, example: dict[str, Any], names: str = NAME) -> dict[str, Any]:
    return {
        "type": _MAPPING,
        "description": description,
        "examples": [example],
        "propertyNames": {"pattern": names, "maxLength": 256},
        "additionalProperties": items,
    }


_QUANTITY = {"type": ["number", "string"]}
_DOC = {"type": "string", "description": "What it is, for readers.", "examples": ["What it is, for readers."]}
#: A person who writes the wrong kind of thing is shown one of these.
_CLOCK_EXAMPLE = {"sample_rate": "16 kHz", "frame_rate": "250 Hz"}
_INPUTS_EXAMPLE = {"audio": {"rate": "audio"}}
_NODE_EXAMPLE = {"op": "gain", "inputs": ["audio", "-6 dB"]}
_LOSS_EXAMPLE = {"op": "spectral_loss", "inputs": ["target", "audio"]}
_DIM = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": NAME},
        {"type": "string", "pattern": CONSTANT},
    ]
}

_VOICES = {"type": "integer", "minimum": 1, "maximum": MOST_VOICES, "examples": [8]}

_CLOCK = _mapping(
    {
        "sample_rate": {**_QUANTITY, "description": "Samples a second: `16 kHz`.", "examples": ["16 kHz"]},
        "frame_rate": {
            **_QUANTITY,
            "description": "Frames a second: `250 Hz`. sample_rate / frame_rate must be whole.",
        },
        "hop": {**_QUANTITY, "description": "Samples a frame, instead of frame_rate: `64`."},
        "duration": {
            **_QUANTITY,
            "description": "Nominal length: what a graph without inputs makes, and what estimates assume: `4 s`.",
        },
    },
    ["sample_rate"],
    description="Sample rate and frame rate, said once.",
    examples=[_CLOCK_EXAMPLE],
)

_INPUT = _mapping(
    {
        "rate": {
            "enum": [str(r) for r in Rate],
            "description": "audio [batch, samples], frame [batch, frames, channels], const [batch, *shape]",
            "examples": ["audio"],
        },
        "unit": {"enum": [u.value for u in Unit], "description": "What the numbers count."},
        "channels": {**_DIM, "description": "Size of the last axis; a free name (`k`) where any number fits."},
        "shape": {
            "type": "array",
            "items": _DIM,
            "maxItems": 16,
            "description": "Of a const input, without the batch axis.",
            "examples": [[2]],
        },
        "voices": {**_VOICES, "description": "How many voices a caller gives: [batch, voices, ...]."},
        "midi": {
            "type": "boolean",
            "description": "A song or a keyboard: the nodes read its ports, `notes/pitch`, `notes/gate`, ...",
            "examples": [True],
        },
        "steal": {"enum": list(STEALS), "description": "Whose voice a note takes where none is free."},
        "bend_range": {
            "type": "number",
            "minimum": 0,
            "maximum": 96,
            "description": "Semitones of a full bend; 2 unless said, and what the song says wins.",
            "examples": [2],
        },
        "midi_channel": {
            "type": "integer",
            "minimum": 1,
            "maximum": 16,
            "description": "The MIDI channel that is heard; all unless said.",
            "examples": [1],
        },
        "mpe": {
            "type": "boolean",
            "description": "Each note has a channel of its own, and channel 1 is the master of all.",
            "examples": [True],
        },
        "doc": _DOC,
    },
    ["rate"],
    examples=[_INPUTS_EXAMPLE["audio"]],
)

_NODE = _mapping(
    {
        "op": {
            "type": "string",
            "description": "An op of the library: `ddspgraph ops` lists them.",
            "examples": ["gain"],
        },
        "inputs": {
            "type": ["array", "object", "null"],
            "description": "References or literals, by port name or in the order of the ports.",
            "examples": [["audio", "-6 dB"]],
        },
        "params": {"type": _MAPPING, "description": "The op's parameters.", "examples": [{"window_size": 257}]},
        "voices": {**_VOICES, "description": "How often the node runs side by side, each time with its own values."},
        "mix": {
            "enum": list(MIXES),
            "description": "none: the voices stay; sum: they are added up; stack: they become channels.",
            "examples": ["sum"],
        },
        "norm": {
            "enum": list(NORMS),
            "description": "How a sum is scaled. none: by 1; mean: 1 / voices; power: 1 / sqrt(voices).",
            "examples": ["power"],
        },
        "group": {
            "type": "string",
            "maxLength": 256,
            "description": "Nodes of one group stand together in pictures; it changes nothing else.",
            "examples": ["room"],
        },
        "doc": _DOC,
    },
    ["op"],
    examples=[_NODE_EXAMPLE],
)

_FEEDBACK_EXAMPLE = {"from": "damp", "delay": "380 ms"}
_DELAY = {"type": ["number", "string"]}
_FEEDBACK = _mapping(
    {
        "from": {
            "type": "string",
            "pattern": REFERENCE,
            "description": "The value that comes back: `node` or `node/port`.",
            "examples": ["damp"],
        },
        "delay": {
            "type": ["number", "string", "array", "object"],
            "description": "How old it is: `380 ms`, `82 samples`, `1 frame`, one for each channel in a list, or the "
            "name of a signal in s, ms, samples or Hz (a period).",
            "examples": ["380 ms"],
        },
        "min": {**_DELAY, "description": "The least that a moving delay can be.", "examples": ["1 ms"]},
        "max": {**_DELAY, "description": "The most that a moving delay can be.", "examples": ["25 ms"]},
        "interpolation": {
            "enum": list(INTERPOLATIONS),
            "description": "Between samples; none takes the nearest. Without it: lagrange3.",
        },
        "truncate": {
            **_DELAY,
            "description": "How far back gradients go in training; without it: all the way.",
            "examples": ["1 s"],
        },
        "recompute": {
            "type": "boolean",
            "description": "true: gradients take little memory, and compute the loop once more.",
        },
        "constrain": {
            "enum": ["stable"],
            "description": "stable: learned values of the loop stay where it is proven to die away.",
        },
        "rate": {"enum": ["audio", "frame"], "description": "How often the value changes; without it: audio."},
        "channels": {"type": "integer", "minimum": 1, "maximum": 1024, "description": "Size of the last axis."},
        "voices": {**_VOICES, "description": "Of the value: a line for each voice."},
        "unit": {"enum": [u.value for u in Unit], "description": "What the numbers count."},
        "group": _NODE["properties"]["group"],
        "doc": _DOC,
    },
    ["from", "delay"],
    examples=[_FEEDBACK_EXAMPLE],
)
#: A node: of an op, or of a sub-graph.
_NODE_OR_USE = {
    **_NODE,
    "properties": {
        "op": _NODE["properties"]["op"],
        "graph": {
            "type": "string",
            "description": "A sub-graph of `graphs`, in place of an op.",
            "examples": ["strip"],
        },
        "weights": {
            "type": "string",
            "description": "The node whose weights it takes, in place of its own.",
            "examples": ["encoder"],
        },
        **{key: value for key, value in _NODE["properties"].items() if key != "op"},
    },
    "required": [],
    "anyOf": [{"required": ["op"]}, {"required": ["graph"]}],
    "not": {"required": ["op", "graph"]},
}

#: A loss is one number for all voices: they are mixed before it.
_LOSS = {**_NODE, "properties": {k: v for k, v in _NODE["properties"].items() if k not in ("voices", "mix", "norm")}}

#: What other formats and programs call a key -> the key.
OTHER_WORDS = {
    **dict.fromkeys(("fs", "sr", "samplerate", "sampling_rate", "samples_per_second"), "sample_rate"),
    **dict.fromkeys(("fps", "control_rate", "frames_per_second", "kr"), "frame_rate"),
    **dict.fromkeys(("hop_size", "hop_length", "hop_samples", "block_size", "ksmps"), "hop"),
    **dict.fromkeys(("length", "seconds", "dur"), "duration"),
    **dict.fromkeys(("type", "kind", "class", "_target_", "name", "module", "processor"), "op"),
    **dict.fromkeys(("in", "args", "arguments", "from", "source", "sources"), "inputs"),
    **dict.fromkeys(("parameters", "kwargs", "settings", "options", "config", "args_"), "params"),
    **dict.fromkeys(("constants", "variables", "vars", "defaults", "macros"), "params"),
    **dict.fromkeys(("out", "returns", "results"), "outputs"),
    **dict.fromkeys(("modules", "graph", "dag", "processors", "ops", "layers"), "nodes"),
    **dict.fromkeys(("objective", "objectives", "criterion"), "losses"),
    **dict.fromkeys(("description", "comment", "title", "note", "notes"), "doc"),
    **dict.fromkeys(("dims", "size", "dim", "n_channels"), "channels"),
    **dict.fromkeys(("polyphony", "n_voices", "num_voices"), "voices"),
}

#: The keys of the top that hold something by name.
SECTIONS = ("clock", "params", "graphs", "inputs", "feedback", "nodes", "outputs", "losses", "training")
#: The keys of a node; one that stands as a node has lost its indentation.
NODE_KEYS = tuple(_NODE_OR_USE["properties"])

_REFERENCE = {
    "type": "string",
    "pattern": REFERENCE,
    "description": "`name` of an input or node, or `node/port`.",
    "examples": ["harmonic/signal"],
}

_PARAMS = _named({}, "Named constants, used as `$name`; `--set name=value` overrides.", {"n_harmonics": 60})
_INPUTS = _named(_INPUT, "What a caller gives.", _INPUTS_EXAMPLE)
_NODES = _named(_NODE_OR_USE, "The graph; the order of the file does not matter.", {"quiet": _NODE_EXAMPLE}, PATH)
_LINES = _named(
    _FEEDBACK,
    "Values of the graph as they were some time ago: they close cycles.",
    {"echo": _FEEDBACK_EXAMPLE},
    PATH,
)
_OUTPUTS = _named(_REFERENCE, "What a caller gets, by name.", {"audio": "quiet"})
#: Each is held against `DEFINITION` once its `$names` are replaced.
_GRAPHS = _named(
    {"type": "object", "examples": [{"file": "rooms/hall.yaml"}]},
    "Sub-graphs by name, inline or by file; `graph: name` in a node uses one.",
    {"strip": {"inputs": _INPUTS_EXAMPLE, "nodes": {"quiet": _NODE_EXAMPLE}, "outputs": {"audio": "quiet"}}},
)
#: A sub-graph written in a spec.
DEFINITION: dict[str, Any] = _mapping(
    {
        "doc": _DOC,
        "params": {**_PARAMS, "description": "Its constants with their defaults, used as `$name` within."},
        "graphs": _GRAPHS,
        "inputs": {**_INPUTS, "description": "What a use gives."},
        "feedback": _LINES,
        "nodes": _NODES,
        "outputs": {**_OUTPUTS, "description": "What a use gives on; the name of a use alone is the first."},
        "share": {"type": "boolean", "description": "One set of weights for all uses.", "examples": [True]},
    },
    ["nodes", "outputs"],
)
#: A sub-graph that another spec is.
IMPORT: dict[str, Any] = _mapping(
    {
        "file": {
            "type": "string",
            "description": "A spec, relative to the file that says it; within its folder.",
            "examples": ["rooms/hall.yaml"],
        },
        "sha256": {"type": "string", "description": "Of the bytes of the file.", "examples": ["3f9c..."]},
        "share": DEFINITION["properties"]["share"],
        "doc": _DOC,
    },
    ["file"],
)

STRUCTURE: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "ddspgraph graph, version 2",
    **_mapping(
        {
            "version": {"const": 2, "description": "Version of the language.", "examples": [2]},
            "name": {
                "type": "string",
                "pattern": NAME,
                "maxLength": 256,
                "description": "Name of the graph.",
                "examples": ["my_graph"],
            },
            "doc": _DOC,
            "clock": _CLOCK,
            "params": _PARAMS,
            "graphs": _GRAPHS,
            "inputs": _INPUTS,
            "feedback": _LINES,
            "nodes": _NODES,
            "outputs": _OUTPUTS,
            "losses": _named(_LOSS, "What training minimises.", {"spectral": _LOSS_EXAMPLE}, PATH),
            "training": _mapping(
                {name: {} for name in TRAINING_PARAMS},
                [],
                type=_MAPPING,
                description="How `ddspgraph train` trains it; options of the command line win.",
                examples=[{"batch_size": 16, "steps": 30_000}],
            ),
        },
        ["version", "name"],
    ),
}
