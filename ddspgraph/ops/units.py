"""Unit conversions: pitch, frequency, level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import Mismatch, anything, same_as
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np

#: Levels are cut this far below the reference. (`dsp.DB_RANGE`, whose file `check` need not load.)
DB_RANGE = 80.0


def check_range(port: str, low_name: str, low: float, high_name: str, high: float) -> None:
    """Raises `Mismatch` E502, at `port`, where the lower end of a range is not below the upper one."""
    if not low < high:
        message = f"{low_name} must be below {high_name}: they are {low:g} and {high:g}"
        raise Mismatch("E502", port, message, parameters=(low_name, high_name))


class MidiToHz(Op):
    """MIDI note number to frequency: f = 440 * 2 ** ((notes - 69) / 12); fractions of a note are allowed.

    Source: MIDI Tuning Standard, equal temperament with A4 = note 69 = 440 Hz.
    """

    words = (
        "mtof", "midi2hz", "m2f", "note to frequency", "midicps", "midikey2hz", "pitch to frequency",
        "midi to frequency",
    )  # fmt: skip

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"notes": anything(unit=Unit.MIDI, doc="MIDI note number.")}
    outputs = {"signal": same_as("notes", unit=Unit.HZ)}

    midi_zero_silence: bool = param(False, doc="Note 0 is a rest, 0 Hz, instead of 8.18 Hz.")

    def kernel(self, notes: Any) -> Any:
        return dsp.midi_to_hz(notes, self.midi_zero_silence)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        if self.midi_zero_silence:
            return {}
        return {"signal": given["notes"].rising(lambda notes: 440.0 * 2.0 ** ((notes - 69.0) / 12.0))}


class HzToMidi(Op):
    """Frequency to MIDI note number: n = 69 + 12 * log2(frequencies / 440); 0 Hz and below are note 0.

    Source: MIDI Tuning Standard, equal temperament with A4 = note 69 = 440 Hz.
    """

    words = ("ftom", "hz2midi", "frequency to note", "cpsmidi", "hz2midikey", "frequency to midi")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"frequencies": anything(unit=Unit.HZ, doc="In Hz.")}
    outputs = {"signal": same_as("frequencies", unit=Unit.MIDI)}

    def kernel(self, frequencies: Any) -> Any:
        return dsp.hz_to_midi(frequencies)


class UnitToMidi(Op):
    """The unit interval to a range of pitch: n = midi_min + (midi_max - midi_min) * unit.

    Source: elementary.
    """

    words = ("scale to pitch", "denormalize pitch", "map range", "scale", "rescale")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"unit": anything(unit=Unit.LINEAR, doc="0 to 1")}
    outputs = {"signal": same_as("unit", unit=Unit.MIDI)}

    midi_min: float = param(20.0, unit=Unit.MIDI, doc="What 0 stands for.")
    midi_max: float = param(90.0, unit=Unit.MIDI, doc="What 1 stands for.")
    clip: bool = param(False, doc="Limit the input to 0 ... 1 first.")

    def kernel(self, unit: Any) -> Any:
        return dsp.unit_to_midi(unit, self.midi_min, self.midi_max, self.clip)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        unit = given["unit"].rising(lambda u: np.clip(u, 0.0, 1.0)) if self.clip else given["unit"]
        return {"signal": unit * Range.of(self.midi_max - self.midi_min) + Range.of(self.midi_min)}


class MidiToUnit(Op):
    """A range of pitch to the unit interval: u = (midi - midi_min) / (midi_max - midi_min).

    Source: elementary.
    """

    words = ("normalize pitch", "map range", "scale", "rescale")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"midi": anything(unit=Unit.MIDI, doc="MIDI note number.")}
    outputs = {"signal": same_as("midi", unit=Unit.LINEAR)}

    midi_min: float = param(20.0, unit=Unit.MIDI, doc="What becomes 0.")
    midi_max: float = param(90.0, unit=Unit.MIDI, doc="What becomes 1.")
    clip: bool = param(False, doc="Limit the result to 0 ... 1.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        check_range("midi", "midi_min", self.midi_min, "midi_max", self.midi_max)
        return super().infer(signals)

    def kernel(self, midi: Any) -> Any:
        return dsp.midi_to_unit(midi, self.midi_min, self.midi_max, self.clip)


class UnitToHz(Op):
    """The unit interval to a range of frequency, in equal steps of pitch.

    f = hz_min * (hz_max / hz_min) ** unit

    Source: elementary.
    """

    words = ("scale to frequency", "map range", "scale", "rescale")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"unit": anything(unit=Unit.LINEAR, doc="0 to 1")}
    outputs = {"signal": same_as("unit", unit=Unit.HZ)}

    hz_min: float = param(unit=Unit.HZ, ge=0, doc="What 0 stands for; 0 Hz counts as MIDI note 0, 8.18 Hz.")
    hz_max: float = param(unit=Unit.HZ, gt=0, doc="What 1 stands for.")
    clip: bool = param(False, doc="Limit the input to 0 ... 1 first.")

    def kernel(self, unit: Any) -> Any:
        return dsp.unit_to_hz(unit, self.hz_min, self.hz_max, self.clip)


class HzToUnit(Op):
    """A range of frequency to the unit interval, in equal steps of pitch.

    u = log(hz / hz_min) / log(hz_max / hz_min)

    Source: elementary.
    """

    words = ("normalize frequency", "map range", "scale", "rescale")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"hz": anything(unit=Unit.HZ, doc="In Hz.")}
    outputs = {"signal": same_as("hz", unit=Unit.LINEAR)}

    hz_min: float = param(unit=Unit.HZ, ge=0, doc="What becomes 0; 0 Hz counts as MIDI note 0, 8.18 Hz.")
    hz_max: float = param(unit=Unit.HZ, gt=0, doc="What becomes 1.")
    clip: bool = param(False, doc="Limit the result to 0 ... 1.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        check_range("hz", "hz_min", self.hz_min, "hz_max", self.hz_max)
        return super().infer(signals)

    def kernel(self, hz: Any) -> Any:
        return dsp.hz_to_unit(hz, self.hz_min, self.hz_max, self.clip)


class _HzToScale(Op):
    """Frequency to a perceptual scale; the result has no unit that ports know."""

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"hz": anything(unit=Unit.HZ, doc="In Hz.")}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        return {"signal": Signal(signals["hz"].dims, signals["hz"].rate, Unit.ANY)}


class HzToBark(_HzToScale):
    """Frequency to critical band rate: z = 26.81 * hz / (1960 + hz) - 0.53.

    Source: Traunmueller, "Analytical expressions for the tonotopic sensory scale", JASA 88 (1990), eq. 6.
    """

    words = ("bark", "hz2bark", "critical band rate")

    outputs = {"signal": same_as("hz", doc="In bark.")}

    def kernel(self, hz: Any) -> Any:
        return dsp.hz_to_bark(hz)


class BarkToHz(Op):
    """Critical band rate to frequency: f = 1960 * (bark + 0.53) / (26.28 - bark).

    Source: Traunmueller, "Analytical expressions for the tonotopic sensory scale", JASA 88 (1990), eq. 6.
    """

    words = ("bark", "bark2hz", "critical band rate")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"bark": anything(doc="In bark, below 26.28.")}
    outputs = {"signal": same_as("bark", unit=Unit.HZ)}

    def kernel(self, bark: Any) -> Any:
        return dsp.bark_to_hz(bark)


class HzToMel(_HzToScale):
    """Frequency to mel: m = 1127 * ln(1 + hz / 700).

    Source: Young et al., "The HTK Book", section 5.4, after O'Shaughnessy (1987).
    """

    words = ("hz2mel", "mel scale")

    outputs = {"signal": same_as("hz", doc="In mel.")}

    def kernel(self, hz: Any) -> Any:
        return dsp.hz_to_mel(hz)


class MelToHz(Op):
    """Mel to frequency: f = 700 * (exp(mel / 1127) - 1).

    Source: Young et al., "The HTK Book", section 5.4, solved for the frequency.
    """

    words = ("mel2hz", "mel scale")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"mel": anything(doc="In mel.")}
    outputs = {"signal": same_as("mel", unit=Unit.HZ)}

    def kernel(self, mel: Any) -> Any:
        return dsp.mel_to_hz(mel)


class HzToErb(Op):
    """The equivalent rectangular bandwidth of the auditory filter at a frequency: b = 0.108 * hz + 24.7.

    Source: Glasberg and Moore, "Derivation of auditory filter shapes from notched-noise data", Hearing
    Research 47 (1990), equation 3.
    """

    words = ("erb", "equivalent rectangular bandwidth", "auditory filter")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"hz": anything(unit=Unit.HZ, doc="Centre frequency.")}
    outputs = {"signal": same_as("hz", unit=Unit.HZ, doc="Bandwidth.")}

    def kernel(self, hz: Any) -> Any:
        return dsp.hz_to_erb(hz)


class AmplitudeToDb(Op):
    """Amplitude to decibels: l = max(20 * log10(|amplitude|) - ref_db, -range_db).

    Source: elementary (definition of the decibel).
    """

    words = ("linear2db", "lin2db", "atodb", "mag2db", "ampdb", "linear to decibel", "log", "log10", "gain to db")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"amplitude": anything(unit=Unit.LINEAR, doc="Linear amplitude.")}
    outputs = {"signal": same_as("amplitude", unit=Unit.DB)}

    ref_db: float = param(0.0, unit=Unit.DB, doc="What counts as 0 dB, in dB over an amplitude of 1.")
    range_db: float = param(DB_RANGE, unit=Unit.DB, ge=0, doc="The result is at least -range_db.")

    def kernel(self, amplitude: Any) -> Any:
        return dsp.amplitude_to_db(amplitude, self.ref_db, self.range_db)


class PowerToDb(Op):
    """Power to decibels: l = max(10 * log10(power) - ref_db, -range_db).

    Source: elementary (definition of the decibel).
    """

    words = ("pow2db", "power to decibel", "log power")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"power": anything(unit=Unit.LINEAR, doc="Linear power.")}
    outputs = {"signal": same_as("power", unit=Unit.DB)}

    ref_db: float = param(0.0, unit=Unit.DB, doc="What counts as 0 dB, in dB over a power of 1.")
    range_db: float = param(DB_RANGE, unit=Unit.DB, ge=0, doc="The result is at least -range_db.")

    def kernel(self, power: Any) -> Any:
        return dsp.power_to_db(power, self.ref_db, self.range_db)


class DbToAmplitude(Op):
    """Decibels to amplitude: y = 10 ** (db / 20).

    Source: elementary (definition of the decibel).
    """

    words = ("db2linear", "db2lin", "dbtoa", "db2mag", "dbamp", "decibel to linear", "db to gain")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"db": anything(unit=Unit.DB, doc="Level of an amplitude.")}
    outputs = {"signal": same_as("db", unit=Unit.LINEAR)}

    def kernel(self, db: Any) -> Any:
        return dsp.db_to_amplitude(db)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["db"].rising(lambda db: 10.0 ** (db / 20.0))}


class DbToPower(Op):
    """Decibels to power: y = 10 ** (db / 10).

    Source: elementary (definition of the decibel).
    """

    words = ("db2pow", "decibel to power")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"db": anything(unit=Unit.DB, doc="Level of a power.")}
    outputs = {"signal": same_as("db", unit=Unit.LINEAR)}

    def kernel(self, db: Any) -> Any:
        return dsp.db_to_power(db)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["db"].rising(lambda db: 10.0 ** (db / 10.0))}
