from .convolution import (
    conv,
    conv_transpose,
    max_pool,
    spectrally_normalized,
)
from .dilated import dilated_conv_stack
from .gated import gru
from .layers import (
    NONLINEARITIES,
    dense,
    fc,
    fc_stack,
    layer_norm,
    nonlinearity,
    split_channels,
)
from .long_memory import lstm
from .norms import (
    conditional_norm,
    normalize,
    scale_and_shift,
)
from .quantization import (
    as_frames,
    codebook,
    row_of,
    stop_gradient,
    straight_through_choice,
    straight_through_int_quantization,
    straight_through_softmax,
    vector_quantization,
)
from .recurrent import (
    rnn,
    rnn_step,
)
from .residual import resnet
from .shapes import (
    flatten_channels,
    frame_count,
    hold_last,
    mean_over_time,
)
from .streaming import rnn_stream
from .streaming_convolution import dilated_conv_stream
from .weights import part

__all__ = [
    "NONLINEARITIES",
    "as_frames",
    "codebook",
    "conditional_norm",
    "conv",
    "conv_transpose",
    "dense",
    "dilated_conv_stack",
    "dilated_conv_stream",
    "fc",
    "fc_stack",
    "flatten_channels",
    "frame_count",
    "gru",
    "hold_last",
    "layer_norm",
    "lstm",
    "max_pool",
    "mean_over_time",
    "nonlinearity",
    "normalize",
    "part",
    "resnet",
    "rnn",
    "rnn_step",
    "rnn_stream",
    "row_of",
    "scale_and_shift",
    "spectrally_normalized",
    "split_channels",
    "stop_gradient",
    "straight_through_choice",
    "straight_through_int_quantization",
    "straight_through_softmax",
    "vector_quantization",
]
