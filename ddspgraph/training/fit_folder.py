"""What a fit leaves: a folder that is heard, looked at, run again, and compiled as a run is.

fit/
  NAME.wav         every audio output
  controls.npz     every input but the recording: `ddspgraph run SPEC --inputs controls.npz`
  fit.json         distances, losses, steps
  plots/           every input and output, where matplotlib is installed
  graph.yaml, run.json, checkpoints/    the weights, as in a run of a training
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ddspgraph.export.staged_folder import staged_folder
from ddspgraph.files import write_atomically
from ddspgraph.installation import install_command
from ddspgraph.io.arrays import write_npz
from ddspgraph.io.audio import write_audio
from ddspgraph.ir.types import Rate
from ddspgraph.page import plot
from ddspgraph.training.checkpoints import write_checkpoint
from ddspgraph.training.fit import Fitted
from ddspgraph.training.run_folder import CHECKPOINTS, FIT, OpsFile, is_fit, write_run
from ddspgraph.training.weights import weights_of

CONTROLS, PLOTS = "controls.npz", "plots"


def has_matplotlib() -> bool:
    """Whether plots can be drawn."""
    return importlib.util.find_spec("matplotlib") is not None


def write_fit(
    fitted: Fitted, path: str | os.PathLike[str], notify: Callable[[str], None], *, ops: Iterable[OpsFile] = ()
) -> None:
    """Writes the folder: it appears whole or not at all. Raises GraphError E607.

    Args:
      notify: told in a sentence what is missing from it, or was clipped.
      ops: the files of your own ops that the graph names, for the folder to remember.
    """
    graph = fitted.model.graph
    with staged_folder(path, is_fit) as folder:
        for name, ref in graph.outputs:
            if graph.types[ref].rate is Rate.AUDIO:
                rate = graph.clock.sample_rate or 16_000
                write_audio(folder / f"{name}.wav", fitted.outputs[name][0], rate, sample_format="float")
        write_npz(folder / CONTROLS, {n: x for n, x in fitted.inputs.items() if n != fitted.recording})
        _write_plots(fitted, folder / PLOTS, notify)
        write_run(folder, graph, graph.training, "", ops=ops)
        weights = {f"weights/{name}": v.numpy() for name, v in weights_of(fitted.model).items()}
        write_checkpoint(folder / CHECKPOINTS, fitted.steps, weights, {"step": fitted.steps}, keep=1)
        write_atomically(folder / FIT, (json.dumps(facts_of(fitted), indent=1) + "\n").encode())


def facts_of(fitted: Fitted) -> dict[str, object]:
    """The numbers of a fit, as JSON holds them."""
    before, after = fitted.distance_db or (None, None)
    return {
        "steps": fitted.steps,
        "seconds": round(fitted.seconds, 1),
        "log_mel_distance_db": {"before": before, "after": after},
        "losses": dict(fitted.losses),
        "recording": fitted.recording,
        "free": list(fitted.free),
    }


def _write_plots(fitted: Fitted, folder: Path, notify: Callable[[str], None]) -> None:
    if not has_matplotlib():
        notify(f"plots need matplotlib: {install_command('plot')}")
        return
    folder.mkdir()
    for kind, signals in (("input", fitted.inputs), ("output", fitted.outputs)):
        for name, figure in plot(signals, fitted.model).items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=120)
            write_atomically(folder / f"{kind}_{name}.png", buffer.getvalue())
