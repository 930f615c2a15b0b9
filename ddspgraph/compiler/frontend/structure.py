"""The structure of a version-2 spec as JSON Schema (draft-07): all but what depends on the op library.

`validate` holds documents against it; `schema.py` adds every op's ports and parameters to it for editors.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.ir.types import Rate, Unit

NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
REFERENCE = r"^[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)?$"
CONSTANT = r"^\$[A-Za-z_][A-Za-z0-9_]*$"
OWN_KEY = "^x-"

#: Keys of later versions, and what the answer to them is until then.
RESERVED = {
    "graphs": "subgraphs, inline or by file",
    "voices": "a node or subgraph mapped over N voices",
    "feedback": "a cycle closed through a stated delay",
    "training": "the options of training",
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


def _named(items: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": NAME, "maxLength": 256},
        "additionalProperties": items,
    }


_QUANTITY = {"type": ["number", "string"]}
_DOC = {"type": "string", "description": "What it is, for readers."}
_DIM = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": NAME},
        {"type": "string", "pattern": CONSTANT},
    ]
}

_CLOCK = _mapping(
    {
        "sample_rate": {**_QUANTITY, "description": "Samples a second: `16 kHz`."},
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
)

_INPUT = _mapping(
    {
        "rate": {
            "enum": [str(r) for r in Rate],
            "description": "audio [batch, samples], frame [batch, frames, channels], const [batch, *shape]",
        },
        "unit": {"enum": [u.value for u in Unit], "description": "What the numbers count."},
        "channels": {**_DIM, "description": "Size of the last axis; a free name (`k`) where any number fits."},
        "shape": {"type": "array", "items": _DIM, "description": "Of a const input, without the batch axis."},
        "doc": _DOC,
    },
    ["rate"],
)

_NODE = _mapping(
    {
        "op": {"type": "string", "description": "An op of the library: `ddspgraph ops` lists them."},
        "inputs": {
            "type": ["array", "object"],
            "description": "References or literals, by port name or in the order of the ports.",
        },
        "params": {"type": "object", "description": "The op's parameters."},
        "doc": _DOC,
    },
    ["op"],
)

_REFERENCE = {"type": "string", "pattern": REFERENCE, "description": "`name` of an input or node, or `node/port`."}

STRUCTURE: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "ddspgraph graph, version 2",
    **_mapping(
        {
            "version": {"const": 2, "description": "Version of the language."},
            "name": {"type": "string", "pattern": NAME, "maxLength": 256, "description": "Name of the graph."},
            "doc": _DOC,
            "clock": _CLOCK,
            "params": _named({}, "Named constants, used as `$name`; `--set name=value` overrides."),
            "inputs": _named(_INPUT, "What a caller gives."),
            "nodes": _named(_NODE, "The graph; the order of the file does not matter."),
            "outputs": _named(_REFERENCE, "What a caller gets, by name."),
            "losses": _named(_NODE, "What training minimises."),
        },
        ["version", "name"],
    ),
}
