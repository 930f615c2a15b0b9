"""What magenta/ddsp's releases changed, from 0.0.0 to 3.7.0: one table.

Found by comparing the classes, functions, signatures and gin files in the wheels of all 54 releases, one with the
next. Names without a module are those that gin knows; `Name.parameter` is a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rename:
    """One change.

    Attributes:
      kind: class (or function), param, module or default.
      old: the name before; of a default, the parameter.
      new: the name from `version` on, None where there is none; of a default, the parameter.
      version: the first release that has the new name or default.
      was: the default before, as gin writes it.
      now: the default from `version` on.
    """

    kind: str
    old: str
    new: str | None
    version: str
    was: str = ""
    now: str = ""


def _class(old: str, new: str | None, version: str) -> Rename:
    return Rename("class", old, new, version)


def _params(version: str, **renamed: Iterable[tuple[str, str | None]]) -> Iterable[Rename]:
    for name, pairs in renamed.items():
        yield from (Rename("param", f"{name}.{old}", new, version) for old, new in pairs)


def _module(name: str, old: str, new: str, version: str) -> Rename:
    return Rename("module", f"{old}.{name}", f"{new}.{name}", version)


def _default(parameter: str, version: str, was: str, now: str) -> Rename:
    return Rename("default", parameter, parameter, version, was, now)


RENAMES: tuple[Rename, ...] = (
    # 0.0.4
    _class("TrainableReverb", "Reverb", "0.0.4"),
    _class("TrainableExpDecayReverb", "ExpDecayReverb", "0.0.4"),
    *_params(
        "0.0.4",
        Additive=(("amp_scale_fn", "Additive.scale_fn"),),
        FilteredNoise=(("amp_scale_fn", "FilteredNoise.scale_fn"),),
        Wavetable=(("amp_scale_fn", "Wavetable.scale_fn"),),
        Reverb=(("reverb_only", None),),
        ExpDecayReverb=(("gain_scale_fn", "ExpDecayReverb.scale_fn"), ("reverb_only", None)),
    ),
    _default("TrainableReverb.trainable", "0.0.4", "True", "False"),
    _default("TrainableExpDecayReverb.trainable", "0.0.4", "True", "False"),
    _default("TrainableReverb.reverb_length", "0.0.4", "64000", "48000"),
    _default("ExpDecayReverb.reverb_length", "0.0.4", "64000", "48000"),
    # 0.0.6
    _default("train.use_tpu", "0.0.6", "True", "False"),
    _default("get_train_op.use_tpu", "0.0.6", "True", "False"),
    # 0.0.7: estimators give way to a loop
    _class("create_estimator", "train", "0.0.7"),
    _class("get_train_op", "Trainer", "0.0.7"),
    _class("linear_fade", None, "0.0.7"),
    _class("exp_fade", None, "0.0.7"),
    *_params(
        "0.0.7",
        create_estimator=(
            ("batch_size", "train.batch_size"),
            ("save_checkpoint_steps", "train.steps_per_save"),
            ("save_summary_steps", "train.steps_per_summary"),
            ("keep_checkpoint_max", "Trainer.checkpoints_to_keep"),
        ),
        get_train_op=(
            ("learning_rate", "Trainer.learning_rate"),
            ("lr_decay_steps", "Trainer.lr_decay_steps"),
            ("lr_decay_rate", "Trainer.lr_decay_rate"),
            ("gradient_clip_norm", "Trainer.grad_clip_norm"),
            ("use_tpu", None),
        ),
        train=(("model", None), ("master", None), ("use_tpu", None)),
        evaluate=(("master", None), ("keys_to_fetch", None)),
        sample=(("master", None), ("keys_to_fetch", None)),
        FilteredNoise=(("noise_fade_fn", None),),
        PretrainedCREPEEmbeddingLoss=(("checkpoint", None),),
    ),
    _default("sample.batch_size", "0.0.7", "32", "16"),
    _default("sample.num_batches", "0.0.7", "50", "1"),
    # 0.0.10 to 0.9.0
    _class("cumsum", None, "0.0.10"),
    _class("ZRnnFcDecoder", "RnnFcDecoder", "0.2.0"),
    *_params("0.2.0", ZRnnFcDecoder=(("append_f0_loudness", None),)),
    *_params("0.2.2", train=(("model_dir", "train.save_dir"),)),
    _module("Trainer", "training.train_util", "training.trainers", "0.5.0"),
    _module("F0LoudnessMetrics", "training.eval_util", "training.metrics", "0.5.0"),
    _module("spectrogram_summary", "training.eval_util", "training.summaries", "0.5.0"),
    _class("F0LoudnessMetrics", "LoudnessMetrics", "0.7.0"),
    *_params(
        "0.7.0",
        evaluate=(("model_dir", "evaluate.save_dir"),),
        sample=(("model_dir", "sample.save_dir"),),
    ),
    *_params(
        "0.9.0",
        SpectralLoss=(("delta_delta_time_weight", None), ("delta_delta_freq_weight", None)),
        oscillator_bank=(("chunk_size", "oscillator_bank.use_angular_cumsum"),),
    ),
    # 0.14.0: functions that make layers become layers
    _class("resnet", "ResNet", "0.14.0"),
    _class("residual_stack", "ResidualStack", "0.14.0"),
    _class("norm_relu_conv", "NormReluConv", "0.14.0"),
    _class("fc", "Fc", "0.14.0"),
    _class("fc_stack", "FcStack", "0.14.0"),
    _class("rnn", "Rnn", "0.14.0"),
    _class("dense", None, "0.14.0"),
    _module("Autoencoder", "training.models", "training.models.autoencoder", "0.14.0"),
    _module("TranscribingAutoencoder", "training.models", "training.models.transcribing_autoencoder", "0.14.0"),
    _default("train.save_dir", "0.14.0", "'~/tmp/ddsp'", "'/tmp/ddsp'"),
    # 1.0.0
    _class("Additive", "Harmonic", "1.0.0"),
    _class("DefaultPreprocessor", "F0LoudnessPreprocessor", "1.0.0"),
    _class("TranscribingAutoencoder", "InverseSynthesis", "1.0.0"),
    _class("Encoder", "ZEncoder", "1.0.0"),
    _class("InstrumentEncoder", "OneHotEncoder", "1.0.0"),  # in no release, in configs of its repository
    _class("Decoder", "OutputSplitsLayer", "1.0.0"),
    _class("Preprocessor", "DictLayer", "1.0.0"),
    _class("F0Encoder", None, "1.0.0"),
    _class("ResnetF0Encoder", None, "1.0.0"),
    *_params(
        "1.0.0",
        MfccTimeDistributedRnnEncoder=(("f0_encoder", None),),
        SinusoidalToHarmonicEncoder=(
            ("fc_stack_ch", "RnnSandwich.fc_stack_ch"),
            ("fc_stack_layers", "RnnSandwich.fc_stack_layers"),
            ("rnn_ch", "RnnSandwich.rnn_ch"),
            ("rnn_type", "RnnSandwich.rnn_type"),
            ("hz_min", "frequencies_softmax.hz_min"),
            ("hz_max", "frequencies_softmax.hz_max"),
        ),
    ),
    _default("SinusoidalToHarmonicEncoder.net", "1.0.0", "@nn.RnnSandwich()", "None"),
    # 1.1.0 to 1.7.1
    *_params("1.1.0", DilatedConvDecoder=(("resample", None),)),
    _default("DilatedConvDecoder.resample_stride", "1.1.0", "None", "1"),
    _default("DilatedConvDecoder.stacks_per_resample", "1.1.0", "None", "1"),
    *_params("1.3.0", AutoencoderInference=(("sample_rate", None), ("frame_rate", None))),
    _module("PretrainedCREPE", "losses", "spectral_ops", "1.7.0"),
    _default("MidiToHarmonicDecoder.midi_zero_silence", "1.7.0", "False", "True"),
    _class("StreamingF0PwInference", None, "1.7.1"),
    # 3.1.0: loudness is computed otherwise
    *_params("3.1.0", compute_loudness=(("pad_end", "compute_loudness.padding"),), compute_f0=(("sample_rate", None),)),
    _default("compute_loudness.n_fft", "3.1.0", "2048", "512"),
    _default("compute_loudness.range_db", "3.1.0", "120.0", "80.0"),
    _default("compute_loudness.ref_db", "3.1.0", "20.7", "0.0"),
    _default("compute_loudness.use_tf", "3.1.0", "False", "True"),
    _default("F0LoudnessPreprocessor.compute_loudness", "3.1.0", "False", "True"),
    # 3.3.0 and later
    *_params("3.3.0", VSTSynthesize=(("verbose", None),)),
    _class("RecordProvider", None, "3.4.0"),
)

CLASSES = {rename.old: rename for rename in RENAMES if rename.kind == "class"}
PARAMS = {rename.old: rename for rename in RENAMES if rename.kind == "param"}
DEFAULTS = {rename.old: rename for rename in RENAMES if rename.kind == "default"}


def class_name(selector: str) -> str:
    """What magenta/ddsp 3.7.0 calls a class or function: `Harmonic` for `synths.Additive`."""
    name = last_word(selector)
    rename = CLASSES.get(name)
    return rename.new if rename is not None and rename.new is not None else name


def last_word(selector: str) -> str:
    """The name without its module. Keras's own layers keep a word of theirs: `Add` is also one of magenta/ddsp's."""
    *modules, name = selector.split(".")
    return f"keras.{name}" if "keras" in modules else name


def before(version: str, other: str) -> bool:
    """Whether a release came before another."""
    return _numbers(version) < _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
