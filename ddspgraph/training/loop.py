"""The loop: batch, step, guard, log, checkpoint. Owns what a checkpoint holds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.not_finite import first_not_finite
from ddspgraph.diagnostics import GraphError, Note, clean, fail
from ddspgraph.files import place
from ddspgraph.ir.training import Training
from ddspgraph.training.checkpoints import Checkpoint, write_checkpoint
from ddspgraph.training.interrupt import Interrupt
from ddspgraph.training.log import METRICS, append_event, append_line
from ddspgraph.training.observer import Observer, StepFacts
from ddspgraph.training.progress import Progress
from ddspgraph.training.run_folder import CHECKPOINTS
from ddspgraph.training.step import StepResult, TrainStep, seed_of_step
from ddspgraph.training.summaries import Summaries
from ddspgraph.training.weights import assign, trained_weights_of, weights_of

#: Steps in a row that may change nothing before the training ends.
MOST_SKIPPED = 10
#: How many of the last steps the speed that is shown is measured over.
_TIMED_STEPS = 20

Batch = Mapping[str, tf.Tensor]


class Loop:
    """Trains a model in a run folder.

    Attributes:
      progress: where it is.
    """

    def __init__(
        self,
        model: CompiledGraph,
        folder: Path,
        training: Training,
        specs: Mapping[str, tf.TensorSpec],
        observer: Observer,
    ) -> None:
        self.model, self.folder, self.training, self.observer = model, folder, training, observer
        self.progress = Progress()
        self.step = TrainStep(trained_weights_of(model), model.traced_losses, specs, training)
        self.summaries = Summaries(model, folder)
        self._has_traced = False
        self._durations: deque[float] = deque(maxlen=_TIMED_STEPS)

    def run(self, batches: Iterable[Batch], interrupt: Interrupt) -> None:
        """Steps until there are `training.steps`, or the loss is low enough, or somebody asks to end.

        Raises:
          GraphError: E803 where too many steps in a row are not finite, E607 where the folder cannot be written.
        """
        try:
            self._run(iter(batches), interrupt)
        finally:
            self.summaries.close()

    def _run(self, stream: Iterator[Batch], interrupt: Interrupt) -> None:
        saved_at = self.progress.step
        while self.progress.step < self.training.steps and not self.is_low_enough and not interrupt.is_requested:
            self._take_step(next(stream))
            step = self.progress.step
            if step % self.training.steps_per_summary == 0 or step == self.training.steps:
                self._write_line()
            if step % self.training.steps_per_save == 0:
                self.save()
                saved_at = step
        if saved_at != self.progress.step:
            self.save()

    @property
    def is_low_enough(self) -> bool:
        """Whether the last line of the log reached the loss to end at."""
        goal, mean = self.training.early_stop_loss_value, self.progress.mean_loss
        return goal is not None and mean is not None and mean <= goal

    def save(self) -> None:
        """Writes a checkpoint. Raises GraphError E607."""
        arrays = {name: variable.numpy() for name, variable in self._variables().items()}
        folder, keep = self.folder / CHECKPOINTS, self.training.checkpoints_to_keep
        write_checkpoint(folder, self.progress.step, arrays, self.progress.as_state(), keep=keep)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes back to a checkpoint. Raises GraphError E616."""
        assign(self._variables(), checkpoint.arrays, place(checkpoint.path))
        self.progress = Progress.of_state(checkpoint.state)

    # -- how ------------------------------------------------------------------------------------

    def _variables(self) -> dict[str, tf.Variable]:
        optimizer = self.step.optimizer
        found = {f"weights/{name}": variable for name, variable in weights_of(self.model).items()}
        for slot, named in optimizer.slots.items():
            found |= {f"adam_{slot}/{name}": variable for name, variable in named.items()}
        return {**found, "adam_iterations": optimizer.iterations}

    def _take_step(self, batch: Batch) -> None:
        begin = time.perf_counter()
        seed = seed_of_step(self.training.seed, self.progress.step)
        result = self.step(batch, seed)
        self.progress.add(result)
        if not result.is_finite:
            self._report_skipped(batch, seed, result)
        self._tell_speed(result, time.perf_counter() - begin)
        self._last_batch = batch

    def _tell_speed(self, result: StepResult, seconds: float) -> None:
        if self._has_traced:  # the first step of a process compiles: its time says nothing of the next
            self._durations.append(seconds)
        self._has_traced = True
        mean = sum(self._durations) / len(self._durations) if self._durations else 0.0
        step, steps = self.progress.step, self.training.steps
        self.observer.step(StepFacts(step, steps, result.losses, 1.0 / mean if mean else 0.0, (steps - step) * mean))

    def _write_line(self) -> None:
        learning_rate = float(self.step.optimizer.learning_rate())
        record = self.progress.summary(learning_rate)
        append_line(self.folder / METRICS, record)
        self.summaries.write(record, self._last_batch, seed_of_step(self.training.seed, self.progress.step))

    def _report_skipped(self, batch: Batch, seed: int, result: StepResult) -> None:
        """Names the first node that made a value that is not finite. Raises GraphError E803."""
        step = self.progress.step
        inputs = [name for name, x in batch.items() if not np.isfinite(x.numpy()).all()]
        try:
            origin = first_not_finite(self.model, batch, seed)
        except GraphError:  # E708: to keep every value of the graph takes more memory than there is
            origin = None
        if origin is not None:
            culprit, span = origin[0], origin[2]
        else:  # all values are finite, their gradients are not
            culprit = f"the gradient of {', '.join(result.bad_gradients) or 'the losses'}"
            node = self.model.graph.node_by_name.get(culprit.split(" ")[-1].split("/")[0])
            span = node.span if node is not None else None
        append_event(self.folder, "skipped", step=step, first=culprit, inputs=inputs)
        given = f"; the input {' and '.join(inputs)} of the batch is not finite itself" if inputs else ""
        self.observer.notice(f"step {step} changed nothing: {clean(culprit)} is not finite{given}")
        if self.progress.skipped_in_a_row >= MOST_SKIPPED:
            message = f"{MOST_SKIPPED} steps in a row changed nothing: {clean(culprit)} is not finite"
            notes = [Note(f"the input '{name}' of the batch is not finite itself") for name in inputs]
            hint = "the last checkpoint is kept; look at the data, or take a lower learning_rate"
            raise fail("E803", message, span, *notes, hint=hint)
