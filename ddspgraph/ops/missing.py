"""What people look for and the op library does not have, with what comes nearest; and wishes, with their means."""

from __future__ import annotations

#: (words, what to do instead)
MISSING: tuple[tuple[tuple[str, ...], str], ...] = (
    (("pow", "square root", "sqrt", "power law", "exponent"), "'multiply' a signal by itself for its square"),
    (("abs", "min", "max", "minimum", "maximum", "clamp", "rectify"),
     "'waveshaper' clips and folds, 'softplus' is a smooth rectifier"),
    (("sub", "subtract", "minus", "difference"), "'multiply' by -1, then 'add'"),
    (("div", "divide", "reciprocal"), "'multiply' by 1 / x where x is a number"),
    (("mod", "modulo", "fmod", "sin of", "floor", "ceil", "sign"), "write an op of your own and give it with --ops"),
    (("feedback", "karplus strong", "loop", "echo with feedback"),
     "the section `feedback` closes a cycle through a delay; 'fdn' is a room of such lines"),
    (("pitch shift", "pitchshift", "time stretch", "harmonizer", "autotune", "granular", "grain", "phase vocoder"),
     "resynthesise: 'harmonic' plays any f0_hz at any speed"),
    (("pitch tracker", "pitch detector", "crepe", "yin", "pyin", "f0 tracker", "swift f0"),
     "`ddspgraph features` tracks the pitch of recordings; give it as an input f0_hz"),
    (("ifft", "istft", "inverse stft", "griffin lim"),
     "'fir_filter' shapes a spectrum, 'sinusoidal' makes sound of one"),
    (("counter", "switch", "if", "select channel"), "give what happens when as an input of rate frame"),
    (("player", "sample player", "playsample", "soundfile", "audio file", "adc", "dac", "output", "input"),
     "sound comes in by `inputs` and goes out by `outputs`, with --input and --output"),
    (("balance",), "a 'gain' of two levels, one for each channel"),
    (("dropout", "attention", "transformer", "pooling", "max pool"), "write an op of your own and give it with --ops"),
    (("karplus", "string", "physical model", "waveguide"),
     "nothing here feeds back; 'harmonic' with 'exp_decay' sounds struck, 'mod_delay' is one echo"),
    (("f0", "pitch input"), "the pitch is an input: `f0_hz: {rate: frame, unit: Hz}` under `inputs`"),
    (("lpc", "hilbert", "cumsum", "cumulative sum", "integrate", "derivative", "delta", "median", "gelu", "swish"),
     "write an op of your own and give it with --ops"),
    (("identity", "pass through", "noop", "copy", "alias"),
     "name the signal itself: inputs and outputs take any node or node/port"),
    (("kick", "drum", "snare", "hihat"), "'harmonic' or 'filtered_noise', times an 'exp_decay'"),
    (("reshape", "transpose", "reduce mean", "mean", "average"),
     "axes have fixed meanings: 'split', 'concat' and 'crop'"),
)  # fmt: skip

#: what somebody wants -> a word for what does it
MEANS: dict[str, str] = {
    **dict.fromkeys(("quieter", "quiet", "softer", "louder", "loud"), "volume"),
    **dict.fromkeys(("duller", "darker", "warmer", "muffled", "muffle", "dull", "dark", "warm"), "lowpass"),
    **dict.fromkeys(("brighter", "bright", "thinner", "thin"), "highpass"),
    **dict.fromkeys(("thicker", "thicken", "detune", "detuned"), "chorus"),
    **dict.fromkeys(("wider", "wide", "widen", "narrower"), "widener"),
    **dict.fromkeys(("distort", "distorted", "distortion", "dirtier", "overdriven", "crunch"), "saturation"),
    **dict.fromkeys(("echoes", "echoing", "delayed", "repeats"), "echo"),
    **dict.fromkeys(("wet", "wetter", "spacious", "ambient", "reverberation", "reverberate"), "reverb"),
    **dict.fromkeys(("wobbly", "wobbles", "shaking", "trembling"), "wobble"),
    **dict.fromkeys(("hiss", "breath", "breathy", "windy"), "noise"),
    **dict.fromkeys(("join", "together", "combine"), "mixer"),
    **dict.fromkeys(("shorter", "cut", "trim"), "crop"),
}

#: Words of a sentence that no op is about.
SAY_NOTHING = frozenset((
    "a", "an", "and", "at", "be", "by", "can", "do", "for", "from", "get", "give", "have", "how", "i", "in", "into",
    "is", "it", "its", "like", "make", "makes", "making", "me", "more", "my", "need", "of", "on", "one", "op", "please",
    "put", "should", "so", "some", "something", "sound", "sounds", "than", "that", "the", "this", "to", "too", "turn",
    "use", "want", "when", "while", "with", "would",
))  # fmt: skip
