"""What a release of 2020 wrote: other attributes, processors in a list, Adam's slots beside their variables.

tests/golden/checkpoint_of_0.4.0 is the model `gru` of tools/record_checkpoints.py, trained by the code of magenta/ddsp
0.4.0 (`Additive`, `DefaultPreprocessor`) on a current TensorFlow, with `tf.keras.optimizers.legacy.Adam` in place of
the Adam that it found then.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.training.checkpoints import newest_checkpoint

OLD = Path(__file__).parent.parent.parent / "golden" / "checkpoint_of_0.4.0"
FC = "layer_with_weights-1/layer_with_weights-0"


def test_old_names_and_slots_are_found(tmp_path: Path) -> None:
    done = dg.migrate_run(OLD, tmp_path / "run")
    assert not [w for w in done.warnings if w.code in ("W138", "W139")]
    assert done.step == 3
    assert done.weights["reverb/ir"] == "model/processor_group/processors/3/ir"
    assert done.weights["decoder/in_1_fc_2_kernel"] == f"model/decoder/f_stack/{FC}/kernel"
    assert done.weights["decoder/in_2_fc_2_kernel"] == f"model/decoder/l_stack/{FC}/kernel"
    assert done.weights["decoder/rnn_recurrent_kernel"] == "model/decoder/rnn/cell/recurrent_kernel"
    source = tf.train.load_checkpoint(str(OLD / "ckpt-3"))
    found = newest_checkpoint(tmp_path / "run" / "checkpoints", lambda warning: None).arrays
    for weight, path in done.weights.items():
        for name, suffix in (
            ("weights", ""),
            ("adam_m", "/.OPTIMIZER_SLOT/optimizer/m"),
            ("adam_v", "/.OPTIMIZER_SLOT/optimizer/v"),
        ):
            expected = source.get_tensor(f"{path}{suffix}/.ATTRIBUTES/VARIABLE_VALUE")
            np.testing.assert_array_equal(found[f"{name}/{weight}"], expected.reshape(found[f"{name}/{weight}"].shape))
            assert np.any(expected) or name == "weights", weight
    assert int(found["adam_iterations"]) == 3


def test_a_graph_of_its_own_names(tmp_path: Path) -> None:
    """`Additive` is the op harmonic; what 0.4.0 heard otherwise is said."""
    done = dg.migrate_run(OLD, tmp_path / "run")
    assert {"additive", "reverb", "decoder"} <= {node.name for node in dg.load(tmp_path / "run" / "graph.yaml").nodes}
    assert [c for c in done.spec.changes if str(c.kind) == "differs" and "120 dB" in c.note]


@pytest.mark.parametrize("name", ["model/decoder/f_stack", "model/processor_group/processors/3"])
def test_the_checkpoint_is_really_old(name: str) -> None:
    names = tf.train.load_checkpoint(str(OLD / "ckpt-3")).get_variable_to_shape_map()
    assert any(key.startswith(name) for key in names)
