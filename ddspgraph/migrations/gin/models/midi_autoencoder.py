"""`models.MidiAutoencoder` and `ZMidiAutoencoder`: an autoencoder with notes at its bottleneck.

Two branches make audio with one synthesizer: the synthcoder's controls, and those that a decoder makes of notes. Where
no MIDI encoder finds the notes, they come with the data: the input `q_pitch`, the pitch of the note that sounds, 0
where none does. magenta/ddsp takes it from `note_active_velocities` by an argmax, and gives no weight to frames whose
pitch is 2 semitones or more from their note: the input `f0_loss_weights`.
"""

from __future__ import annotations

from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.models.autoencoder import absent, each, losses
from ddspgraph.migrations.gin.models.modules import Modules
from ddspgraph.migrations.gin.models.own_processors import OwnProcessors
from ddspgraph.migrations.gin.syntax.statements import Reference

_ROOM = {"reverb_length": 24000, "n_frames": 500, "n_filter_banks": 32}


def midi_autoencoder(modules: Modules, model: Instance) -> None:
    """Adds the model to the draft."""
    _Model(modules, model).build()


class _Model(OwnProcessors):
    def __init__(self, modules: Modules, model: Instance) -> None:
        super().__init__(modules, model)
        self.has_reverb = self.flag("reverb", True, "nodes.reverb")
        self.stops_gradient = self.flag("sg_before_midiae", True, "nodes")

    def build(self) -> None:
        self._network("preprocessor")
        self.env.values["f0_midi"] = self.add("f0_midi", "hz_to_midi", [self.ref("f0_hz")])
        self._joined("z_synth_encoders", "z")
        if not self._network("synthcoder"):
            hint = f"add `{self.model.said}.synthcoder = @decoders.DilatedConvDecoder()`"
            self.modules.report.add("E310", f"{self.model.said} needs a synthcoder", self.span, hint=hint)
            return
        self.env.values["synth_audio"] = self._synthesize("", "")
        self.draft.output("synth_audio", str(self.env.values["synth_audio"]), self.span)
        scaled = {f"{key}_scaled": self.env.values[key] for key in ("amps", "hd", "noise")}
        self.env.values |= scaled
        self._notes()
        self._decode()
        keys = [(key, self.span) for key in ("audio", "synth_audio")]
        losses(self.modules, self.model, "reconstruction_losses", keys, self.env)

    def _network(self, parameter: str) -> bool:
        """The network of a parameter as a node of that name; whether there is one."""
        binding, instance = self.model.binding(parameter), self.model.instance(parameter)
        if binding is not None and instance is not None:
            self.env.update(self.modules.network(binding, instance, parameter, self.env))
            return True
        if binding is not None:
            absent(self.modules, binding, self.config.value(binding))
        return False

    def _joined(self, parameter: str, key: str) -> str | None:
        """The latents of a list of encoders side by side, as `key`."""
        binding = self.model.binding(parameter)
        found = []
        for i, value in enumerate(each(self.config.value(binding)) if binding is not None else ()):
            assert binding is not None
            if isinstance(value, Reference):
                instance = self.config.instance(value, self.model)
                name = f"{parameter}_{i}"
                found.append(self.at(self.modules.network(binding, instance, name, self.env).ports.get("z", name)))
            else:
                absent(self.modules, binding, value)
        if found:
            joined = self.add(key, "concat", found) if len(found) > 1 else str(found[0].data)
            self.env.values[key] = joined
            return joined
        return None

    def _synthesize(self, prefix: str, suffix: str) -> str:
        """Harmonics plus filtered noise, in the room that both branches share; controls in dB for what comes."""
        harmonics = {key: self.ref(key) for key in ("amplitudes", "harmonic_distribution", "f0_hz")}
        harmonic = self.add(f"{prefix}harmonic", "harmonic", harmonics)
        magnitudes, params = {"magnitudes": self.ref("magnitudes")}, {"timing": "ddsp"}
        noise = self.add(f"{prefix}filtered_noise", "filtered_noise", magnitudes, params)
        audio = self.sum(f"{prefix}add", noise, harmonic)
        to_db = "amplitude_to_db"
        self.env.values |= {
            f"amps{suffix}": self.add(f"{prefix}amps_db", to_db, [self.at(f"{harmonic}/amplitudes")]),
            f"hd{suffix}": f"{harmonic}/harmonic_distribution",
            f"noise{suffix}": self.add(f"{prefix}noise_db", to_db, [self.at(f"{noise}/magnitudes")]),
        }
        return self.room(prefix, audio, _ROOM) if self.has_reverb else audio

    def _notes(self) -> None:
        """`q_pitch`: what the encoder finds, or what the data say."""
        outer = dict(self.env.values)
        if self.model.instance("midi_encoder") is not None and self.stops_gradient:
            for key in ("f0_midi", "amps", "hd", "noise"):
                self.env.values[key] = self.add(f"{key}_held", "stop_gradient", [self.ref(key)])
        if self._network("midi_encoder"):
            self.env.values |= outer
            quantized = self.add("q_pitch", "straight_through_int_quantization", [self.ref("z_pitch")])
            self.env.values |= {"q_pitch": quantized, "f0_loss_weights": 1.0}
            return
        doc = "Pitch of the note that sounds, 0 where none does: argmax of note_active_velocities."
        self.draft.input("q_pitch", self.span, rate="frame", unit="midi", doc=doc)
        self.env.values["q_pitch"] = "q_pitch"
        if self.flag("mask_f0_loss", True, "inputs.f0_loss_weights"):
            doc = "1 where f0 is within 2 semitones of the note, 0 elsewhere."
            self.draft.input("f0_loss_weights", self.span, rate="frame", doc=doc)
            self.env.values["f0_loss_weights"] = "f0_loss_weights"

    def _decode(self) -> None:
        """Notes -> controls -> audio."""
        latents = [z for z in (self._joined("z_global_encoders", "z_global"), self._note_latents()) if z is not None]
        if len(latents) > 1:
            latents = [self.add("z_midi", "concat", [self.at(z) for z in latents])]
        binding, stack = self.model.binding("z_preconditioning_stack"), self.model.instance("z_preconditioning_stack")
        if binding is not None and stack is not None and latents:
            inner = [("z_midi_in", self.span)]
            self.env.values["z_midi_in"] = latents[0]
            name = "z_preconditioning_stack"
            latents = [self.modules.network(binding, stack, name, self.env, inner).name]
        binding, decoder = self.model.binding("midi_decoder"), self.model.instance("midi_decoder")
        if binding is None or decoder is None:
            return
        outer = dict(self.env.values)
        # The velocity that an encoder finds is multiplied by 0 before it gets here.
        self.env.values = {k: v for k, v in outer.items() if k not in ("z", "z_vel")}
        self.env.values |= {"z_pitch": outer["q_pitch"], **({"z": latents[0]} if latents else {})}
        results = self.modules.network(binding, decoder, "midi_decoder", self.env)
        self.env.update(results)
        audio = self._synthesize("midi_", "_pred")
        found = {key: self.env.values[f"{key}_pred"] for key in ("amps", "hd", "noise")}
        found |= {"f0_midi": f"{results.name}/f0_midi", "f0_hz": f"{results.name}/f0_hz"}
        self.env.values = {**outer, **{f"{key}_pred": ref for key, ref in found.items()}, "midi_audio": audio}
        self.draft.output("midi_audio", audio, self.span)

    def _note_latents(self) -> str | None:
        """A latent for each note: the mean over it."""
        if not self._network("z_note_encoder"):
            return None
        inputs = {"x": self.at("z_note_encoder/z"), "q_pitch": self.ref("q_pitch")}
        name = self.add("z_notes", "pool_over_notes", inputs)
        binding = self.model.binding("z_note_encoder")
        assert binding is not None
        self.ledger.add(
            binding, Kind.RENAMED, f"{binding.key}: pool_over_notes", f"nodes.{name}", "the mean over each note"
        )
        return name
