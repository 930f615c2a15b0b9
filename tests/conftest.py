"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from ddspgraph.export import verify_export
from ddspgraph.ir.graph import Graph
from tests import warm_process

# The same examples in every run: a change is at fault for what fails, not chance. Proofs try new ones.
settings.register_profile("seeded", derandomize=True)
settings.load_profile("seeded")


def pytest_configure() -> None:
    """Before TensorFlow computes anything."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes, which have the cores among them
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, "1")


@pytest.fixture(autouse=True, scope="session")
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a command keeps for this account is kept elsewhere while tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


_COLD = verify_export.run_module


@pytest.fixture(autouse=True, scope="session")
def warm_proofs() -> Iterator[None]:
    """Exports are proven in processes that have TensorFlow already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify_export, "run_module", warm_process.run_module)
        yield


@pytest.fixture
def cold_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports are proven in a new interpreter, as those of users are."""
    monkeypatch.setattr(verify_export, "run_module", _COLD)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order(request: pytest.FixtureRequest) -> None:
    """A module's `RNG` begins each test where the import left it: which tests ran before changes no number."""
    generator = getattr(request.module, "RNG", None)
    if isinstance(generator, np.random.Generator):
        start = request.module.__dict__.setdefault("_RNG_START", generator.bit_generator.state)
        generator.bit_generator.state = start


@pytest.fixture(scope="module")
def functions_as_written() -> Iterator[None]:
    """TensorFlow runs functions as they were traced: for modules that compare them with the same ops without a trace.

    TensorFlow's rewriting rounds otherwise. The other modules have it on.
    """
    import tensorflow as tf

    before = tf.config.optimizer.get_experimental_options().get("disable_meta_optimizer", False)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": before})


@pytest.fixture(scope="module")
def compiled_once() -> Iterator[None]:
    """A graph that a module compiles again, by a command or from Python, is the model of the first time.

    For modules whose tests leave weights as they are.
    """
    import ddspgraph as dg
    from ddspgraph.compiler import driver

    compile_new, stream_new = driver.compile, driver.compile_stream
    models: list[tuple[tuple[Any, ...], Any]] = []
    streams: dict[int, Any] = {}

    def compile_once(spec: Any, *, params: Any = None, ops: Any = (), streaming: bool = False, **settings: Any) -> Any:
        if not isinstance(spec, Graph):
            given = {name: settings[name] for name in ("limits",) if name in settings}
            spec = driver.load(spec, params=params, ops=ops, **given)
        key = (spec, spec.spec, spec.settings, settings)
        model = next((made for before, made in models if before == key), None)
        if model is None:
            model = compile_new(spec, **settings)
            models.append((key, model))
        return stream_once(model) if streaming else model

    def stream_once(model: Any) -> Any:
        if id(model) not in streams:
            streams[id(model)] = (model, stream_new(model))
        return streams[id(model)][1]

    with pytest.MonkeyPatch.context() as patch:
        for place in (driver, dg):
            patch.setattr(place, "compile", compile_once)
            patch.setattr(place, "compile_stream", stream_once)
        yield
