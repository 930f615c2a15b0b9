"""What every process of `warm_process` has imported when it begins."""

from ddspgraph.tensorflow_start import load_tensorflow

load_tensorflow()
