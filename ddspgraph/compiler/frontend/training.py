"""The `training` section of a spec, and the options that a caller sets in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Report, did_you_mean, quote
from ddspgraph.ir.training import TRAINING_PARAMS, Training


def read_training(section: Mapping[str, Value], report: Report, base: Training | None = None) -> Training:
    """`base`, or the defaults, with what is said in its place. Reports E309 and E5xx."""
    reader = ParameterReader(report, None)
    found = {}
    for name, value in section.items():
        if name in TRAINING_PARAMS:
            found[name] = reader.read(TRAINING_PARAMS[name], value, "training")
        elif not name.startswith("x-") and not value.is_faulty:
            hint = did_you_mean(name, list(TRAINING_PARAMS)) or f"its options: {', '.join(TRAINING_PARAMS)}"
            report.add("E309", f"training has no option {quote(name)}", value.span, hint=hint)
    sound = {name: value for name, value in found.items() if value is not INVALID}
    return dataclasses.replace(base or Training(), **sound)
