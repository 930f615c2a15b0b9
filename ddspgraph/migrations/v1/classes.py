"""What version 1 can name: the processors and losses of magenta/ddsp 3.7.0, with what their arguments take.

This is the knowledge of the step 1 -> 2, frozen with it: ops, ports and parameters are named as version 2 names
them, whatever later versions call them. Read from the published signatures (`ddsp_surface`); the names that older
releases used are in `RENAMED_CLASSES` and `REMOVED_PARAMS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shape:
    """What an argument takes, as an input of version 2 says it.

    Attributes:
      rate: audio, frame or const.
      channels: size of the last axis; a name where any number fits; None for audio without that axis.
      shape: of a const, without the batch axis.
    """

    rate: str
    channels: int | str | None = None
    shape: tuple[int | str, ...] = ()

    def as_input(self) -> dict[str, object]:
        """The declaration of such an input in version 2."""
        if self.rate == "const":
            return {"rate": "const", **({"shape": list(self.shape)} if self.shape else {})}
        is_default = self.channels == (1 if self.rate == "frame" else None)
        return {"rate": self.rate, **({} if is_default else {"channels": self.channels})}

    def __str__(self) -> str:
        """`frame, channels: 1`, for the report."""
        said = {"channels": self.channels} if self.rate != "const" else {"shape": list(self.shape) or None}
        return ", ".join([self.rate, *(f"{key}: {size}" for key, size in said.items() if size)])


AUDIO = Shape("audio")
#: Any shape: that of the other arguments of the same call.
LIKE_OTHERS = None


def _frame(channels: int | str = 1) -> Shape:
    return Shape("frame", channels)


@dataclass(frozen=True)
class Class:
    """One class: the op it became, its arguments in order, and its outputs beside `signal`."""

    op: str
    arguments: Mapping[str, Shape | None]
    controls: tuple[str, ...] = ()
    is_loss: bool = False
    #: Parameters that keep the old behaviour where the op's own default does something else.
    keeps: Mapping[str, str] = field(default_factory=dict)


def _loss(op: str, arguments: Mapping[str, Shape | None]) -> Class:
    return Class(op, arguments, is_loss=True)


#: Its filters leave a sample or two of their delay.
_LATE = {"timing": "ddsp"}
_AUDIO_AND_IR = ("audio", "ir")
_TWO_SETS = {
    "amps_a": _frame("n_a"),
    "freqs_a": _frame("n_a"),
    "amps_b": _frame("n_b"),
    "freqs_b": _frame("n_b"),
}

CLASSES: Mapping[str, Class] = {
    # synths
    "TensorToAudio": Class("tensor_to_audio", {"samples": Shape("audio", 1)}, ("samples",)),
    "Harmonic": Class(
        "harmonic",
        {"amplitudes": _frame(), "harmonic_distribution": _frame("n_harmonics"), "f0_hz": _frame()},
        ("amplitudes", "harmonic_distribution", "f0_hz"),
    ),
    "FilteredNoise": Class("filtered_noise", {"magnitudes": _frame("n_bands")}, ("magnitudes",), keeps=_LATE),
    "Wavetable": Class(
        "wavetable",
        {"amplitudes": _frame(), "wavetables": _frame("n_wavetable"), "f0_hz": _frame()},
        ("amplitudes", "wavetables", "f0_hz"),
    ),
    "Sinusoidal": Class(
        "sinusoidal",
        {"amplitudes": _frame("n_sinusoids"), "frequencies": _frame("n_sinusoids")},
        ("amplitudes", "frequencies"),
    ),
    # effects
    "Reverb": Class("reverb", {"audio": AUDIO, "ir": Shape("const", shape=("ir_samples",))}, _AUDIO_AND_IR),
    "ExpDecayReverb": Class(
        "exp_decay_reverb",
        {"audio": AUDIO, "gain": Shape("const", shape=(1,)), "decay": Shape("const", shape=(1,))},
        _AUDIO_AND_IR,
    ),
    "FilteredNoiseReverb": Class(
        "filtered_noise_reverb",
        {"audio": AUDIO, "magnitudes": Shape("const", shape=("ir_frames", "n_bands"))},
        _AUDIO_AND_IR,
        keeps=_LATE,
    ),
    "FIRFilter": Class(
        "fir_filter",
        {"audio": AUDIO, "magnitudes": _frame("n_bands")},
        ("audio", "magnitudes"),
        keeps=_LATE,
    ),
    "ModDelay": Class(
        "mod_delay",
        {"audio": AUDIO, "gain": Shape("audio", 1), "phase": Shape("audio", 1)},
        ("audio", "gain", "phase"),
        # Its delays are scaled to whole samples of the longest.
        keeps={"timing": "ddsp"},
    ),
    # processors
    "Add": Class("add", {"signal_one": LIKE_OTHERS, "signal_two": LIKE_OTHERS}, ("signal_one", "signal_two")),
    "Mix": Class(
        "mix",
        {"signal_one": AUDIO, "signal_two": AUDIO, "nn_out_mix_level": _frame()},
        ("signal_one", "signal_two", "mix_level"),
        # Its curve is not of constant power, which version 2's default is.
        keeps={"law": "ddsp"},
    ),
    "Crop": Class("crop", {"audio": AUDIO}, ("audio",)),
    # losses
    "SpectralLoss": _loss("spectral_loss", {"target_audio": AUDIO, "audio": AUDIO, "weights": Shape("const")}),
    "ParamLoss": _loss("param_loss", {"pred": LIKE_OTHERS, "target": LIKE_OTHERS, "weights": LIKE_OTHERS}),
    "FilteredNoiseConsistencyLoss": _loss(
        "filtered_noise_consistency_loss",
        {"noise_magnitudes": _frame("n_bands"), "noise_magnitudes_target": _frame("n_bands")},
    ),
    "HarmonicConsistencyLoss": _loss(
        "harmonic_consistency_loss",
        {
            "harm_amp": _frame(),
            "harm_amp_target": _frame(),
            "harm_dist": _frame("n_harmonics"),
            "harm_dist_target": _frame("n_harmonics"),
            "f0_hz": _frame(),
            "f0_hz_target": _frame(),
        },
    ),
    "WassersteinConsistencyLoss": _loss("wasserstein_consistency_loss", _TWO_SETS),
    "KDEConsistencyLoss": _loss("kde_consistency_loss", _TWO_SETS),
    "TWMLoss": _loss(
        "twm_loss",
        {
            "f0_candidates": _frame("n_candidates"),
            "freqs": _frame("n_sinusoids"),
            "amps": _frame("n_sinusoids"),
        },
    ),
}

#: Name in older releases -> (name in 3.7.0, the release that changed it).
RENAMED_CLASSES: Mapping[str, tuple[str, str]] = {"Additive": ("Harmonic", "1.0.0")}

#: (class, parameter) of older releases that is gone -> the value that meant nothing.
REMOVED_PARAMS: Mapping[tuple[str, str], float | None] = {
    ("FilteredNoise", "noise_fade_fn"): None,
    ("SpectralLoss", "delta_delta_time_weight"): 0.0,
    ("SpectralLoss", "delta_delta_freq_weight"): 0.0,
}

#: Parameters that the header says for the whole graph.
CLOCK_PARAMS = ("sample_rate", "n_samples")

#: Classes of magenta/ddsp for which version 2 has no op.
WITHOUT_OP = (
    "ProcessorGroup",
    "LossGroup",
    "EmbeddingLoss",
    "PretrainedCREPEEmbeddingLoss",
    "PretrainedCREPE",
    "HmmTranscriber",
    "F0LoudnessPreprocessor",
    "F0PowerPreprocessor",
    "OnlineF0PowerPreprocessor",
    "MfccTimeDistributedRnnEncoder",
    "ResnetSinusoidalEncoder",
    "SinusoidalToHarmonicEncoder",
    "OneHotEncoder",
    "AggregateFeaturesEncoder",
    "MfccEncoder",
    "MfccRnnEncoder",
    "MidiEncoder",
    "HarmonicToMidiEncoder",
    "ExpressionEncoder",
    "RnnFcDecoder",
    "MidiDecoder",
    "MidiToHarmonicDecoder",
    "DilatedConvDecoder",
)

_REFERENCE = re.compile(r"@?(?:\w+\.)*(\w+)(?:\(\))?")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def last_word(text: str) -> str:
    """`Harmonic` of `@synths.Harmonic()`, `exp_sigmoid` of `ddsp.core.exp_sigmoid`; other texts as they are."""
    found = _REFERENCE.fullmatch(text)
    return found[1] if found else text


def default_name(class_name: str) -> str:
    """The name that an instance has where nobody gives it one: `FIRFilter` -> `fir_filter`."""
    return _WORD_START.sub("_", class_name).lower()
