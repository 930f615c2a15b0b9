"""What people look for and the op library does not have, with what comes nearest to it."""

from __future__ import annotations

#: (words, what to do instead)
MISSING: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("adsr", "asr", "ahdsr", "ar", "attack decay sustain release"),
        "give the envelope as an input of rate frame, or use 'exp_decay' for a sound that is struck",
    ),
    (("gate", "noise gate", "expander"), "'multiply' by an input of rate frame that is 0 where it is closed"),
    (("limiter", "compressor", "maximizer", "agc"), "'tanh' rounds peaks off softly, 'gain' takes a level that moves"),
    (("pow", "square root", "sqrt", "power law", "exponent"), "'multiply' a signal by itself for its square"),
    (("abs", "min", "max", "minimum", "maximum", "clamp", "hard clip", "fold", "wavefolder", "rectify"),
     "'tanh' is a soft clipper, 'softplus' a smooth rectifier"),
    (("sub", "subtract", "minus", "difference"), "'multiply' by -1, then 'add'"),
    (("div", "divide", "reciprocal"), "'multiply' by 1 / x where x is a number"),
    (("mod", "modulo", "fmod", "sin of", "floor", "ceil", "sign"), "write an op of your own and give it with --ops"),
    (("allpass", "phaser", "feedback", "iir", "feedback delay", "fdn", "recursive filter", "karplus strong"),
     "nothing here feeds back; 'mod_delay' delays once, 'fir_filter' and 'reverb' convolve"),
    (("pitch shift", "pitchshift", "time stretch", "harmonizer", "autotune", "granular", "grain", "phase vocoder"),
     "resynthesise: 'harmonic' plays any f0_hz at any speed"),
    (("pitch tracker", "pitch detector", "crepe", "yin", "pyin", "f0 tracker", "swift f0"),
     "`ddspgraph features` tracks the pitch of recordings; give it as an input f0_hz"),
    (("ifft", "istft", "inverse stft", "griffin lim"),
     "'fir_filter' shapes a spectrum, 'sinusoidal' makes sound of one"),
    (("sequencer", "metro", "counter", "trigger", "switch", "if", "select channel"),
     "give what happens when as an input of rate frame"),
    (("player", "sample player", "playsample", "soundfile", "audio file", "adc", "dac", "output", "input"),
     "sound comes in by `inputs` and goes out by `outputs`, with --input and --output"),
    (("panner", "balance", "stereo panner"), "a 'gain' for each side, then 'concat'"),
    (("dropout", "attention", "transformer", "pooling", "max pool"), "write an op of your own and give it with --ops"),
    (("reshape", "transpose", "reduce mean", "mean", "average"),
     "axes have fixed meanings: 'split', 'concat' and 'crop'"),
)  # fmt: skip
