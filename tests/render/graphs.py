"""The graphs that the tests of pictures draw."""

from __future__ import annotations

from textwrap import dedent

from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.text import parse_graph
from ddspgraph.ops import OPS

HEAD = "{sample_rate=16000, hop_samples=64}"

#: Inputs, a random node, a trainable one, a loss; every edge of audio thick, of frames thin.
SOLO = f"""
    graph solo {HEAD}
      amplitudes = input [batch, frames, 1] frame raw
      harmonic_distribution = input [batch, frames, 60] frame raw
      noise_magnitudes = input [batch, frames, 65] frame raw
      f0_hz = input [batch, frames, 1] frame Hz
      target = input [batch, 64*frames] audio any
      harmonic = harmonic(amplitudes=amplitudes, harmonic_distribution=harmonic_distribution, f0_hz=f0_hz)
      noise = filtered_noise(magnitudes=noise_magnitudes)
      dry = add(signal_one=harmonic/signal, signal_two=noise/signal)
      wet = reverb(audio=dry/signal) {{trainable=True, reverb_length=48000}}
      spectral = spectral_loss(target_audio=target, audio=wet/signal) {{logmag_weight=1.0}}
      output audio = wet/signal
      loss spectral
    """

#: Literals, a frame value that is resampled, a constant input.
CHORUS = f"""
    graph chorus {HEAD}
      audio = input [batch, 64*frames] audio any
      depth = input [batch, 1] const any
      warm.magnitudes = constant() {{value=(1.0, 0.8, 0.5, 0.3, 0.1), unit='linear'}}
      warm = fir_filter(audio=audio, magnitudes=warm.magnitudes/signal) {{scale_fn=None, window_size=0}}
      sweep.frequency_hz = constant() {{value=0.7, unit='Hz'}}
      sweep = lfo(frequency_hz=sweep.frequency_hz/signal) {{depth=3.0}}
      chorus.gain = constant() {{value=0.0, unit='raw'}}
      chorus = mod_delay(audio=warm/signal, gain=chorus.gain/signal, phase=sweep/signal) {{center_ms=12.0}}
      louder = multiply(signal_one=chorus/signal, signal_two=depth)
      output audio = louder/signal
    """

#: Several named outputs of one node, two losses in a group.
PARTIALS = f"""
    graph partials {HEAD}
      sin_amps = input [batch, frames, 24] frame linear
      sin_freqs = input [batch, frames, 24] frame Hz
      f0_hz = input [batch, frames, 1] frame Hz
      target = input [batch, 64*frames] audio any
      sinusoids = sinusoidal(amplitudes=sin_amps, frequencies=sin_freqs) {{amp_scale_fn=None, freq_scale_fn=None}}
      grouped = sinusoidal_to_harmonic(sin_amps=sin_amps, sin_freqs=sin_freqs, f0_hz=f0_hz) {{n_harmonics=40}}
      sines = harmonic_to_sinusoidal(harm_amp=grouped/harm_amp, harm_dist=grouped/harm_dist, f0_hz=f0_hz)
      reconstruction = spectral_loss(target_audio=target, audio=sinusoids/signal)
      kde = kde_consistency_loss(amps_a=sin_amps, freqs_a=sin_freqs, amps_b=sines/sin_amps, freqs_b=sines/sin_freqs)
      output sinusoids = sinusoids/signal
      loss reconstruction
      loss kde
    """

GOLDEN = {"solo": SOLO, "chorus": CHORUS, "partials": PARTIALS}


def typed(text: str) -> Graph:
    """The graph of a text, with types."""
    report = Report()
    graph = infer(parse_graph(dedent(text), OPS), report)
    report.raise_errors()
    return graph


def chain(count: int) -> Graph:
    """One node after another; every seventh also reads the input."""
    lines = [f"graph chain {HEAD}", "  audio = input [batch, 64*frames] audio any"]
    last = "audio"
    for i in range(count):
        lines.append(f"  n{i} = add(signal_one={last}, signal_two={last if i % 7 else 'audio'})")
        last = f"n{i}/signal"
    return typed("\n".join([*lines, f"  output out = {last}"]))


def voices(count: int, effects: int) -> Graph:
    """Harmonic voices through effects each, mixed one by one: `count * (effects + 2) - 1` nodes."""
    lines = [
        f"graph voices {HEAD}",
        "  level = input [batch, frames, 1] frame linear",
        "  dist = input [batch, frames, 20] frame linear",
        "  f0_hz = input [batch, frames, 1] frame Hz",
    ]
    mixed = ""
    for v in range(count):
        lines.append(
            f"  tone{v} = harmonic(amplitudes=level, harmonic_distribution=dist, f0_hz=f0_hz) {{scale_fn=None}}"
        )
        last = f"tone{v}/signal"
        for e in range(effects):
            lines.append(f"  fx{v}_{e} = add(signal_one={last}, signal_two=tone{v}/signal)")
            last = f"fx{v}_{e}/signal"
        if mixed:
            lines.append(f"  mix{v} = add(signal_one={mixed}, signal_two={last})")
        mixed = f"mix{v}/signal" if mixed else last
    return typed("\n".join([*lines, f"  output audio = {mixed}"]))
