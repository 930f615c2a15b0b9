"""`models.InverseSynthesis` (Engel et al., ICML 2020 workshop): audio -> sinusoids -> harmonics -> audio.

The model makes its processors itself: a sinusoidal synthesizer and filtered noise, once for the sinusoids and once for
the harmonics. Three sets of losses: of audio, of consistency, and of notes whose controls are known, which are inputs
of the graph (`sin_amps`, `f0_hz`, ...) and which the output `synthetic_audio` turns into audio to train on.
"""

from __future__ import annotations

from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Span
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.models.autoencoder import absent, each
from ddspgraph.migrations.gin.models.environment import Environment
from ddspgraph.migrations.gin.models.modules import Modules
from ddspgraph.migrations.gin.models.networks import FEATURES
from ddspgraph.migrations.gin.models.own_processors import OwnProcessors
from ddspgraph.migrations.gin.syntax.statements import Literal, Reference

_OVERLAP, _FFT_SIZE, _SAMPLE_RATE = 0.75, 2048, 16_000  # of compute_logmel and the model, unless said
_UNSCALED = {"amp_scale_fn": None, "freq_scale_fn": None}
_CONTROLS = ("sin_freqs", "sin_amps", "noise_magnitudes")
#: What is known of synthetic notes; elsewhere these names may as well be outputs of a network, not scaled yet.
_UNITS = {"sin_freqs": "Hz", "sin_amps": "linear", "harm_amp": "linear", "harm_dist": "linear", "f0_hz": "Hz"}
_ENCODED = dict(zip(_CONTROLS, ("frequencies", "amplitudes", "noise_magnitudes"), strict=True))


def inverse_synthesis(modules: Modules, model: Instance) -> None:
    """Adds the model to the draft."""
    _Model(modules, model).build()


class _Model(OwnProcessors):
    def __init__(self, modules: Modules, model: Instance) -> None:
        super().__init__(modules, model)
        self.has_reverb = self.flag("reverb", True, "nodes.reverb")
        self.stops_gradient = self.flag("stop_gradient", True, "nodes")

    def build(self) -> None:
        if not self._sinusoids():
            return
        self.env.values["sin_audio"] = self._synthesize("", "sin_amps", "sin_freqs", self.ref("noise_magnitudes"))
        name, held = "sin_audio", Environment(self.draft, dict(self.env.values))
        has_harmonics = self._harmonics(held)
        if has_harmonics:
            name = "harm_audio"
            noise = self.at(str(held.values["noise_magnitudes"]))
            self.env.values[name] = self._synthesize("harm_", "harm_amps", "harm_freqs", noise)
            self.draft.output("sin_audio", str(self.env.values["sin_audio"]), self.span)
        self.draft.output("audio", str(self.env.values[name]), self.span)
        self._losses(has_harmonics, held)

    # -- nodes -------------------------------------------------------------------------------------

    def _sinusoids(self) -> bool:
        """The first encoder, and what scales its outputs."""
        binding, encoder = self.model.binding("sinusoidal_encoder"), self.model.instance("sinusoidal_encoder")
        if binding is None or encoder is None:
            hint = f"add `{self.model.said}.sinusoidal_encoder = @encoders.ResnetSinusoidalEncoder()`"
            self.modules.report.add("E310", f"{self.model.said} needs a sinusoidal_encoder", self.span, hint=hint)
            return False
        self._hop(encoder)
        self.env.update(self.modules.network(binding, encoder, "sinusoidal_encoder", self.env))
        for key, encoded in _ENCODED.items():
            op, params = self._frequency_scale() if key == "sin_freqs" else ("exp_sigmoid", {})
            self.env.values[key] = self.add(f"{key}_scaled", op, [self.ref(encoded)], params)
        return True

    def _hop(self, encoder: Instance) -> None:
        """Frames are those of the encoder's spectrogram."""
        size, overlap, span = _FFT_SIZE, _OVERLAP, encoder.span
        function = encoder.instance("spectral_fn")
        for parameter in ("fft_size", "size", "overlap") if function is not None else ():
            said = function.get(parameter) if function is not None else None
            if not isinstance(said, Literal) or isinstance(said.data, (bool, str)) or not said.data:
                continue
            if parameter == "overlap" and 0 < said.data < 1:
                overlap = said.data
            elif parameter != "overlap" and said.data > 0:
                size, span = int(said.data), said.span
        self.modules.clock.fixed_hop = max(1, round(size * (1 - overlap))), span

    def _frequency_scale(self) -> tuple[str, dict[str, object]]:
        binding, function = self.model.binding("freq_scale_fn"), self.model.instance("freq_scale_fn")
        if binding is None or function is None:
            return "frequencies_softmax", {"depth": 64}
        self.ledger.say(binding, Kind.RENAMED, "nodes.sin_freqs_scaled.op")
        params: dict[str, object] = {}
        for parameter, own in function.parameters().items():
            value = self.config.value(own)
            if isinstance(value, Literal):
                params[parameter] = value.data
                self.ledger.say(own, Kind.MOVED, f"nodes.sin_freqs_scaled.params.{parameter}")
        return function.name, params

    def _synthesize(self, prefix: str, amps: str, freqs: str, magnitudes: Value) -> str:
        """Sinusoids plus filtered noise, in the room that all share."""
        controls = {"amplitudes": self.ref(amps), "frequencies": self.ref(freqs)}
        tone = self.add(f"{prefix}sinusoidal", "sinusoidal", controls, _UNSCALED)
        params = {"window_size": 0, "scale_fn": None, "timing": "ddsp"}
        noise = self.add(f"{prefix}filtered_noise", "filtered_noise", {"magnitudes": magnitudes}, params)
        audio = self.sum(f"{prefix}add", noise, tone)
        if not self.has_reverb:
            return audio
        said = self.model.get("sample_rate")
        rate = said.data if isinstance(said, Literal) and isinstance(said.data, int) else _SAMPLE_RATE
        room = {"reverb_length": 2 * rate, "window_size": 257, "n_frames": 500, "n_filter_banks": 16}
        return self.room(prefix, audio, room)

    def _harmonics(self, held: Environment) -> bool:
        """The second encoder; from here on its mistakes do not reach the first. `held` gets what it reads."""
        binding, encoder = self.model.binding("harmonic_encoder"), self.model.instance("harmonic_encoder")
        if binding is None or encoder is None:
            if binding is not None:
                absent(self.modules, binding, self.config.value(binding))
            return False
        if self.stops_gradient:
            for key in _CONTROLS:
                held.values[key] = self.add(f"{key}_held", "stop_gradient", [self.ref(key)])
        self.env.update(self.modules.network(binding, encoder, "harmonic_encoder", held))
        sinusoids = {key: self.ref(key) for key in ("harm_amp", "harm_dist", "f0_hz")}
        name = self.add("harm_sinusoids", "harmonic_to_sinusoidal", sinusoids)
        self.env.values |= {"harm_amps": f"{name}/sin_amps", "harm_freqs": f"{name}/sin_freqs"}
        return True

    # -- losses ------------------------------------------------------------------------------------

    def _losses(self, has_harmonics: bool, held: Environment) -> None:
        self._each("losses", ["audio", "sin_audio"], self.env, "sin_")
        if has_harmonics:
            held.values |= {key: self.env.values[key] for key in ("harm_amps", "harm_freqs")}
            self._each("harmonic_distribution_prior", ["harm_dist"], self.env)
            self._each("losses", ["audio", "harm_audio"], self.env, "harm_")
            both = ["sin_amps", "sin_freqs", "harm_amps", "harm_freqs"]
            self._each("sinusoidal_consistency_losses", both, held)
        self._each("twm_loss", ["f0_hz" if has_harmonics else "sin_freqs", "sin_freqs", "sin_amps"], self.env)
        self._each(
            "sinusoidal_consistency_losses", ["sin_amps", "sin_freqs", "+sin_amps", "+sin_freqs"], self.env, "ss_"
        )
        self._each("filtered_noise_consistency_loss", ["noise_magnitudes", "+noise_magnitudes"], self.env, "ss_")
        if has_harmonics:
            pairs = ["harm_amp", "+harm_amp", "harm_dist", "+harm_dist", "f0_hz", "+f0_hz"]
            self._each("harmonic_consistency_losses", pairs, self.env, "ss_")
        if set(_CONTROLS) & set(self.draft.inputs):
            self._synthetic_audio()

    def _each(self, parameter: str, keys: list[str], env: Environment, prefix: str = "") -> None:
        """The losses of a parameter. A key with a `+` is known of synthetic notes: an input of the graph."""
        binding = self.model.binding(parameter)
        for value in each(self.config.value(binding)) if binding is not None else ():
            assert binding is not None
            if not isinstance(value, Reference):
                absent(self.modules, binding, value)
                continue
            instance, chosen, start = self.config.instance(value, self.model), keys, prefix
            if parameter.startswith("harmonic_consistency") and instance.name != "HarmonicConsistencyLoss":
                chosen, start = ["harm_amp", "f0_hz", "+harm_amp", "+f0_hz"], "ss_harm_"
            inner = Environment(self.draft, dict(env.values))
            for key in chosen:
                if key.startswith("+"):
                    inner.values[key] = self._note(key[1:], value.span)
            self.modules.loss(binding, instance, [(key, value.span) for key in chosen], inner, start)

    def _note(self, key: str, span: Span) -> str:
        """The input that says a control of synthetic notes."""
        unit = {"unit": _UNITS[key]} if key in _UNITS else {}
        return str(self.draft.input(key, span, **{"rate": "frame", **unit, **FEATURES[key]}).data)

    def _synthetic_audio(self) -> None:
        """The audio of notes whose controls are known."""
        for key in _CONTROLS:
            self.env.values[key] = self._note(key, self.span)
        audio = self._synthesize("synthetic_", "sin_amps", "sin_freqs", self.ref("noise_magnitudes"))
        self.draft.output("synthetic_audio", audio, self.span)
