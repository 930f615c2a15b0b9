"""The op library: what a spec can name. This file is its table of contents."""

from __future__ import annotations

from ddspgraph.ir.registry import Registry
from ddspgraph.losses import LOSSES
from ddspgraph.ops.analyses import Loudness, Power, RmsEnergy
from ddspgraph.ops.colours import Noise
from ddspgraph.ops.crossovers import Crossover
from ddspgraph.ops.curves import Curve, Sequence
from ddspgraph.ops.delays import Delay, Multitap
from ddspgraph.ops.dynamics import Compressor, EnvelopeFollower, Expander, Gate, Limiter
from ddspgraph.ops.effects import FIRFilter, ModDelay, SincFilter
from ddspgraph.ops.envelopes import ExpDecay, Lfo
from ddspgraph.ops.equalisers import GraphicEq, HighShelf, LowShelf, ParametricEq, Peaking
from ddspgraph.ops.fdn import Fdn
from ddspgraph.ops.filters import Allpass, Bandpass, DcBlocker, Highpass, Lowpass, Notch, OnePole, Svf
from ddspgraph.ops.gates import Adsr, SampleHold
from ddspgraph.ops.given_sections import Biquad, Sos, StateSpace
from ddspgraph.ops.ladders import Ladder
from ddspgraph.ops.learned import Learned
from ddspgraph.ops.mixing import Add, Gain, Mix, Multiply
from ddspgraph.ops.modulation import Chorus, Flanger, Phaser, Tremolo, Vibrato
from ddspgraph.ops.neural.convolution import DilatedConvStack
from ddspgraph.ops.neural.decoders import DilatedConvDecoder, RnnFcDecoder
from ddspgraph.ops.neural.dense import Fc, FcStack
from ddspgraph.ops.neural.encoders import (
    AggregateFeaturesEncoder,
    MfccEncoder,
    MfccRnnEncoder,
    MfccTimeDistributedRnnEncoder,
    OneHotEncoder,
)
from ddspgraph.ops.neural.features import F0LoudnessFeatures, F0PowerFeatures, OnlineF0PowerFeatures
from ddspgraph.ops.neural.gradients import (
    GradientReversal,
    StopGradient,
    StraightThroughChoice,
    StraightThroughIntQuantization,
    StraightThroughSoftmax,
    VectorQuantization,
)
from ddspgraph.ops.neural.norms import ConditionalNorm, Normalize
from ddspgraph.ops.neural.recurrent import Rnn, RnnSandwich
from ddspgraph.ops.neural.residual import Resnet, ResnetSinusoidalEncoder
from ddspgraph.ops.neural.sinusoids import SinusoidalToHarmonicEncoder
from ddspgraph.ops.noise import FilteredNoise
from ddspgraph.ops.oscillator import Oscillator
from ddspgraph.ops.partials import HarmonicToSinusoidal, SinusoidalToHarmonic
from ddspgraph.ops.rates import Resample, TensorToAudio
from ddspgraph.ops.reverbs import ExpDecayReverb, FilteredNoiseReverb, Reverb
from ddspgraph.ops.routing import Concat, Crop, Split
from ddspgraph.ops.scalings import (
    ExpSigmoid,
    FrequenciesCriticalBands,
    FrequenciesSigmoid,
    FrequenciesSoftmax,
    Sigmoid,
    Softplus,
    SymExpSigmoid,
    Tanh,
)
from ddspgraph.ops.shapers import Waveshaper
from ddspgraph.ops.sources import Constant, Hold
from ddspgraph.ops.spectra import Logmel, Mel, Mfcc
from ddspgraph.ops.stereo import LeftRight, Matrix, MidSide, Pan, Width
from ddspgraph.ops.synths import Harmonic, Sinusoidal, Wavetable
from ddspgraph.ops.units import (
    AmplitudeToDb,
    BarkToHz,
    DbToAmplitude,
    DbToPower,
    HzToBark,
    HzToErb,
    HzToMel,
    HzToMidi,
    HzToUnit,
    MelToHz,
    MidiToHz,
    MidiToUnit,
    PowerToDb,
    UnitToHz,
    UnitToMidi,
)
from ddspgraph.ops.voices import MixVoices, SplitVoices
from ddspgraph.ops.weighting import AWeighting, PreEmphasis

#: The library in the order of the reference: sources and synthesizers, effects, routing, maths, analyses,
#: features, networks, losses.
OPS = Registry(
    [
        *(Oscillator, Harmonic, Noise, FilteredNoise, Wavetable, Sinusoidal, TensorToAudio),
        *(Constant, Learned, Hold, Lfo, ExpDecay, Adsr, Curve, Sequence, SampleHold),
        *(Reverb, ExpDecayReverb, FilteredNoiseReverb, Fdn, FIRFilter, SincFilter, ModDelay),
        *(Delay, Multitap, Chorus, Flanger, Vibrato, Phaser, Tremolo, Waveshaper),
        *(OnePole, DcBlocker, Lowpass, Highpass, Bandpass, Notch, Allpass, Svf, Ladder, Crossover),
        *(Peaking, LowShelf, HighShelf, ParametricEq, GraphicEq, Biquad, Sos, StateSpace),
        *(AWeighting, PreEmphasis),
        *(EnvelopeFollower, Compressor, Expander, Gate, Limiter),
        *(Add, Mix, Multiply, Gain, Crop, Concat, Split, Resample),
        *(Pan, Width, MidSide, LeftRight, Matrix, SplitVoices, MixVoices),
        *(ExpSigmoid, SymExpSigmoid, Sigmoid, Tanh, Softplus),
        *(FrequenciesSoftmax, FrequenciesSigmoid, FrequenciesCriticalBands),
        *(MidiToHz, HzToMidi, UnitToMidi, MidiToUnit, UnitToHz, HzToUnit),
        *(HzToBark, BarkToHz, HzToMel, MelToHz, HzToErb),
        *(AmplitudeToDb, PowerToDb, DbToAmplitude, DbToPower),
        *(HarmonicToSinusoidal, SinusoidalToHarmonic),
        *(Loudness, Power, RmsEnergy, Mel, Logmel, Mfcc),
        *(F0LoudnessFeatures, F0PowerFeatures, OnlineF0PowerFeatures),
        *(Fc, FcStack, Rnn, RnnSandwich, DilatedConvStack, Resnet),
        *(RnnFcDecoder, DilatedConvDecoder),
        *(MfccTimeDistributedRnnEncoder, MfccRnnEncoder, MfccEncoder),
        *(OneHotEncoder, AggregateFeaturesEncoder, ResnetSinusoidalEncoder, SinusoidalToHarmonicEncoder),
        *(Normalize, ConditionalNorm, VectorQuantization),
        *(StopGradient, GradientReversal),
        *(StraightThroughSoftmax, StraightThroughChoice, StraightThroughIntQuantization),
        *LOSSES.values(),
    ]
)
