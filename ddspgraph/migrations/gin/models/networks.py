"""The networks and features of magenta/ddsp: the op that each is or will be in this library, and its ends.

The processors and losses stand in `v1_classes`, which version 1 and gin share. Read from the signatures of 3.7.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ddspgraph.migrations.gin.map.renames import CLASSES as OLD_CLASSES
from ddspgraph.migrations.v1.classes import CLASSES


@dataclass(frozen=True)
class Network:
    """One class.

    Attributes:
      op: its name in a graph.
      inputs: the keys that it reads, in order.
      optional: keys that it reads where there are such.
      outputs: the keys that it gives; of a class with `output_splits`, those are added.
      is_list: whether its inputs are a list that the file may choose, `input_keys`.
    """

    op: str
    inputs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    is_list: bool = False


_F0 = ("f0_hz", "f0_scaled")

NETWORKS: Mapping[str, Network] = {
    # features
    "F0LoudnessPreprocessor": Network(
        "f0_loudness_features", ("f0_hz",), ("loudness_db", "audio"), (*_F0, "loudness_db", "ld_scaled")
    ),
    "F0PowerPreprocessor": Network(
        "f0_power_features", ("f0_hz",), ("power_db", "audio"), (*_F0, "pw_db", "pw_scaled")
    ),
    "OnlineF0PowerPreprocessor": Network(
        "online_f0_power_features", ("audio",), ("f0_hz",), (*_F0, "pw_db", "pw_scaled", "f0_confidence")
    ),
    # encoders
    "MfccTimeDistributedRnnEncoder": Network("mfcc_time_distributed_rnn_encoder", ("audio",), outputs=("z",)),
    "MfccRnnEncoder": Network("mfcc_rnn_encoder", ("audio",), outputs=("z",)),
    "MfccEncoder": Network("mfcc_encoder", ("audio",), outputs=("z",)),
    "OneHotEncoder": Network("one_hot_encoder", ("instrument",), outputs=("z",)),
    "AggregateFeaturesEncoder": Network("aggregate_features_encoder", ("f0_scaled", "ld_scaled"), outputs=("z",)),
    "ExpressionEncoder": Network("expression_encoder", ("f0_scaled", "ld_scaled"), outputs=("z",), is_list=True),
    "ResnetSinusoidalEncoder": Network("resnet_sinusoidal_encoder", ("audio",)),
    "SinusoidalToHarmonicEncoder": Network(
        "sinusoidal_to_harmonic_encoder", ("sin_freqs", "sin_amps"), outputs=("harm_amp", "harm_dist", "f0_hz")
    ),
    "MidiEncoder": Network("midi_encoder", ("f0_midi", "loudness"), outputs=("z_pitch", "z_vel")),
    "HarmonicToMidiEncoder": Network(
        "harmonic_to_midi_encoder", ("f0_midi", "amps", "hd", "noise"), outputs=("z_pitch", "z_vel")
    ),
    "ResnetF0Encoder": Network("resnet_f0_encoder", ("audio",), outputs=("f0_scaled",)),
    # decoders
    "RnnFcDecoder": Network("rnn_fc_decoder", ("ld_scaled", "f0_scaled", "z"), is_list=True),
    "DilatedConvDecoder": Network("dilated_conv_decoder", ("ld_scaled", "f0_scaled"), is_list=True),
    "MidiDecoder": Network("midi_decoder", ("z_pitch",), ("z_vel", "z"), ("f0_midi", "loudness")),
    "MidiToHarmonicDecoder": Network("midi_to_harmonic_decoder", ("z_pitch",), ("z_vel", "z"), ("f0_hz",)),
}

#: `output_splits` of the classes that have it, where the file does not say them.
DEFAULT_SPLITS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "RnnFcDecoder": (("amps", 1), ("harmonic_distribution", 40)),
    "DilatedConvDecoder": (("amps", 1), ("harmonic_distribution", 60)),
    "ResnetSinusoidalEncoder": (("frequencies", 6400), ("amplitudes", 100), ("noise_magnitudes", 60)),
    "MidiToHarmonicDecoder": (
        ("f0_midi", 1),
        ("amplitudes", 1),
        ("harmonic_distribution", 60),
        ("magnitudes", 65),
    ),
}

#: Layers and functions that are the values of parameters: what a graph calls them.
PARTS: Mapping[str, str] = {
    "Fc": "fc",
    "FcStack": "fc_stack",
    "FcStackOut": "fc_stack_out",
    "Rnn": "rnn",
    "RnnFc": "rnn_fc",
    "RnnSandwich": "rnn_sandwich",
    "DilatedConvStack": "dilated_conv_stack",
    "ResNet": "resnet",
    "Normalize": "normalize",
    "ConditionalNorm": "conditional_norm",
    "VectorQuantization": "vector_quantization",
    "compute_mag": "mag",
    "compute_logmag": "logmag",
    "compute_mel": "mel",
    "compute_logmel": "logmel",
    "compute_mfcc": "mfcc",
    "compute_loudness": "loudness",
    "compute_power": "power",
    "compute_rms_energy": "rms_energy",
}

#: What the data sets of magenta/ddsp hold, as an input of a graph declares it. Others: frames of any size.
FEATURES: Mapping[str, Mapping[str, object]] = {
    "audio": {"rate": "audio"},
    "f0_hz": {"rate": "frame", "unit": "Hz"},
    "f0_midi": {"rate": "frame", "unit": "midi"},
    "f0_confidence": {"rate": "frame"},
    "f0_scaled": {"rate": "frame"},
    "loudness_db": {"rate": "frame", "unit": "dB"},
    "ld_scaled": {"rate": "frame"},
    "power_db": {"rate": "frame", "unit": "dB"},
    "pw_db": {"rate": "frame", "unit": "dB"},
    "pw_scaled": {"rate": "frame"},
    "instrument": {"rate": "const"},
    "instrument_id": {"rate": "const"},
    "pitch": {"rate": "const"},
    "sin_amps": {"rate": "frame", "channels": "n_sinusoids"},
    "sin_freqs": {"rate": "frame", "channels": "n_sinusoids"},
    "noise_magnitudes": {"rate": "frame", "channels": "n_bands"},
    "harm_amp": {"rate": "frame"},
    "harm_dist": {"rate": "frame", "channels": "n_harmonics"},
}

#: More classes and functions of magenta/ddsp that have no op.
_OTHERS = (
    *("EmbeddingLoss", "PretrainedCREPEEmbeddingLoss", "PretrainedCREPE", "HmmTranscriber", "MarginLoss"),
    *("PolyphaseResample", "NormReluConv", "ResidualLayer", "ResidualStack", "StatelessRnn", "SingleGru"),
    *("Identity", "ConditionalScaleAndShift", "compute_f0", "ZEncoder", "OutputSplitsLayer", "DictLayer"),
)


def is_known(name: str) -> bool:
    """Whether magenta/ddsp has, or had, a class or function of this name that is a part of models."""
    return name in NETWORKS or name in PARTS or name in CLASSES or name in _OTHERS or name in OLD_CLASSES


#: Bindings of functions that the program calls by itself, and why a graph has no place for them.
WITHOUT_EFFECT: Mapping[str, str] = {
    "oscillator_bank": "the phase of a graph's oscillators is exact whatever the length",
    "harmonic_oscillator_bank": "the phase of a graph's oscillators is exact whatever the length",
    "angular_cumsum": "the phase of a graph's oscillators is exact whatever the length",
    "cumsum": "the phase of a graph's oscillators is exact whatever the length",
    "run_dag": "a graph is drawn and explained by commands of its own",
}
