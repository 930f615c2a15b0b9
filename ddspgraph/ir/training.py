"""How a graph is trained: the options of its `training` section, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from ddspgraph.ir.op import declared_params, param

#: The largest seed: a signed 64-bit integer of which JSON keeps every digit.
_LARGEST_SEED = (1 << 53) - 1


@dataclass(frozen=True, kw_only=True)
class Training:
    """The options: names, rates and clipping of magenta/ddsp's Trainer; batch and steps that its notebook learns one
    instrument with (its library's own are 32 and 1,000,000).
    """

    optimizer: str = param("adam", choices=("adam",), doc="The rule that moves the weights (Kingma & Ba, 2015).")
    learning_rate: float = param(1e-3, gt=0, doc="Size of a step before any decay.")
    lr_decay_rate: float = param(0.98, gt=0, le=1, doc="What the learning rate is multiplied with in lr_decay_steps.")
    lr_decay_steps: int = param(10_000, ge=1, doc="Steps in which the learning rate decays once; it does so smoothly.")
    grad_clip_norm: float = param(3.0, gt=0, doc="Longest gradient of all weights together; longer ones are shortened.")
    batch_size: int = param(16, ge=1, le=65_536, doc="Examples in a step.")
    steps: int = param(30_000, ge=0, doc="Steps in all, those of earlier runs in the same folder included.")
    steps_per_summary: int = param(300, ge=1, doc="Steps between two lines of the log.")
    steps_per_save: int = param(300, ge=1, doc="Steps between two checkpoints: what a crash may cost.")
    checkpoints_to_keep: int = param(3, ge=3, le=10_000, doc="Newest checkpoints that stay.")
    early_stop_loss_value: float | None = param(None, doc="End once the mean loss of a summary is not above it.")
    seed: int = param(0, ge=0, le=_LARGEST_SEED, doc="Of first weights, order of examples, and noise.")


#: Name -> type, range, default and meaning of every option.
TRAINING_PARAMS = declared_params(Training)
