"""The op library: what a spec can name. This file is its table of contents."""

from __future__ import annotations

from ddspgraph.ir.registry import Registry
from ddspgraph.losses import LOSSES
from ddspgraph.ops.analyses import Loudness, Power, RmsEnergy
from ddspgraph.ops.effects import FIRFilter, ModDelay, SincFilter
from ddspgraph.ops.envelopes import ExpDecay, Lfo
from ddspgraph.ops.mixing import Add, Gain, Mix, Multiply
from ddspgraph.ops.noise import FilteredNoise
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
from ddspgraph.ops.sources import Constant, Hold
from ddspgraph.ops.spectra import Logmel, Mel, Mfcc
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

#: The library in the order of the reference: sources and synthesizers, effects, routing, maths, analyses, losses.
OPS = Registry(
    [
        *(Harmonic, FilteredNoise, Wavetable, Sinusoidal, TensorToAudio),
        *(Constant, Hold, Lfo, ExpDecay),
        *(Reverb, ExpDecayReverb, FilteredNoiseReverb, FIRFilter, SincFilter, ModDelay),
        *(Add, Mix, Multiply, Gain, Crop, Concat, Split, Resample),
        *(ExpSigmoid, SymExpSigmoid, Sigmoid, Tanh, Softplus),
        *(FrequenciesSoftmax, FrequenciesSigmoid, FrequenciesCriticalBands),
        *(MidiToHz, HzToMidi, UnitToMidi, MidiToUnit, UnitToHz, HzToUnit),
        *(HzToBark, BarkToHz, HzToMel, MelToHz, HzToErb),
        *(AmplitudeToDb, PowerToDb, DbToAmplitude, DbToPower),
        *(HarmonicToSinusoidal, SinusoidalToHarmonic),
        *(Loudness, Power, RmsEnergy, Mel, Logmel, Mfcc),
        *LOSSES.values(),
    ]
)
