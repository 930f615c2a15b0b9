"""What conditions a `DilatedConvDecoder`: keys beside its inputs, and a stack of layers before them."""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Span
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.edits import scalar
from ddspgraph.migrations.gin.config import Instance
from ddspgraph.migrations.gin.draft import Draft, Entry
from ddspgraph.migrations.gin.params import Params, texts
from ddspgraph.migrations.gin.syntax import Literal

NAME = "DilatedConvDecoder"
PARAMETERS = ("conditioning_keys", "precondition_stack")
_OF_STACK = {"ch": "precondition_ch", "layers": "precondition_layers"}


def conditioning_keys(instance: Instance) -> list[tuple[str, Span]]:
    """The keys that come after the inputs: `z` where nothing says them."""
    value = instance.get("conditioning_keys")
    return [("z", instance.span)] if value is None else list(texts(value))


def conditioning(params: Params, instance: Instance, to: str) -> Iterator[Entry]:
    """The parameters of the op `dilated_conv_decoder` that say whether its last input conditions it, and how."""
    ledger, binding = params.ledger, instance.binding("conditioning_keys")
    is_conditional = bool(conditioning_keys(instance))
    if binding is not None:
        ledger.say(binding, Kind.RENAMED, f"{to}.conditional", "these keys are the last of its inputs")
    yield Key("conditional", instance.span), scalar(is_conditional, instance.span)
    binding, stack = instance.binding("precondition_stack"), instance.instance("precondition_stack")
    if binding is None:
        return
    if stack is None:
        value = params.config.value(binding)
        kind = Kind.DEFAULT if isinstance(value, Literal) and value.data is None else Kind.NOT_SUPPORTED
        ledger.say(binding, kind, None, "there is none" if kind is Kind.DEFAULT else "this is no stack of layers")
    elif stack.name != "FcStack":
        ledger.say(binding, Kind.NOT_SUPPORTED, None, f"a {stack.said} before the conditioning needs a node of its own")
    else:
        ledger.say(binding, Kind.RENAMED, f"{to}.precondition_layers")
        # FcStack's own defaults, which the decoder's parameters do not share.
        found = {"precondition_ch": scalar(256, stack.span), "precondition_layers": scalar(2, stack.span)}
        for parameter, own in stack.parameters().items():
            if parameter in _OF_STACK:
                name = _OF_STACK[parameter]
                ledger.say(own, Kind.RENAMED, f"{to}.{name}")
                found[name] = params.value(params.config.value(own), f"{to}.{name}")
        yield from ((Key(name, stack.span), value) for name, value in found.items())


def joined(draft: Draft, name: str, inputs: list[Value], n: int) -> list[Value]:
    """Inputs of which the last `n` are one signal, side by side."""
    if n < 2 or len(inputs) < n:
        return inputs
    key = draft.claim(f"{name}_z", inputs[-1].span)
    draft.node(key, "concat", inputs[-n:])
    return [*inputs[:-n], scalar(str(key), key.span)]
