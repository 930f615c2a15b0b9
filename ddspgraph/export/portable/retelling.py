"""A traced function, told again operation by operation: constants are computed, what a runtime lacks is replaced."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context, execute  # operations by name have no public call
from tensorflow.python.framework.func_graph import FuncGraph
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph  # nor do a function's operations

from ddspgraph.export.portable.division import DIVISIONS, divided, is_native
from ddspgraph.export.portable.slices import plain_slice

Pair = tuple[tf.Tensor, tf.Tensor]
#: What a tensor of the function has become: a constant, a tensor, or two tensors for one number.
Value = Any
Whole = Callable[[str, Sequence[Value]], "Sequence[Value] | None"]
#: Their results depend on the shapes of their inputs alone.
_OF_SHAPES = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
_THE_SAME = {"Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot", "EnsureShape", "CheckNumerics"}
#: A larger constant that is made of smaller ones is made where it runs.
_LARGEST_CONSTANT = 4 << 20


class NotPortable(Exception):
    """An operation that a runtime lacks. Attributes: its type, and its name in the function."""

    def __init__(self, op_type: str, name: str) -> None:
        super().__init__(f"{op_type} ({name})")
        self.op_type, self.name = op_type, name


class Empty(NamedTuple):
    """A list of tensors whose first element will say what shape they have."""

    length: Any  # a number, or a tensor of an open length


class Numbers(ABC):
    """A type of numbers that a runtime lacks, and what stands for them.

    Attributes:
      dtype: the type.
      n_parts: how many tensors stand for one of this type.
    """

    dtype: tf.DType
    n_parts = 1

    def parts(self, value: Value) -> tuple[tf.Tensor, ...]:
        """The tensors that stand for a constant, or for what is told already."""
        return (tf.convert_to_tensor(value),)

    @abstractmethod
    def tell(self, retelling: Retelling, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        """An operation that takes or gives such numbers. Raises NotPortable."""


class Retelling:
    """Runs through functions, and makes their operations anew in the function that is being traced.

    Args:
      numbers: the types of numbers that the runtime lacks; those of an operation with several are asked in this order.
      whole: called with the name of a function that is known as a whole, and its inputs; gives what it becomes, or
        None.
    """

    def __init__(self, numbers: Sequence[Numbers], whole: Whole | None = None) -> None:
        self.numbers, self.whole = {kind.dtype: kind for kind in numbers}, whole

    def run(self, graph: tf.Graph, given: Mapping[str, Value], outputs: Sequence[tf.Tensor]) -> list[Value]:
        """What the outputs of a traced function become for given values of its inputs, by tensor name."""
        values = dict(given)
        for op in _in_order(outputs, values):
            results = self._tell(op, [values[tensor.name] for tensor in op.inputs])
            values.update({tensor.name: x for tensor, x in zip(op.outputs, results, strict=True)})
        return [values[tensor.name] for tensor in outputs]

    def tensor(self, value: Value) -> tf.Tensor:
        return tf.constant(value) if isinstance(value, np.ndarray) else value

    def copy(
        self, op: tf.Operation, inputs: Sequence[Value], dtypes: Mapping[tf.DType, tf.DType] | None = None
    ) -> list[tf.Tensor]:
        """The same operation, of other types where `dtypes` says so."""
        if op.type == "StridedSlice" and not op.inputs[0].shape.is_fully_defined():
            with tf.name_scope(f"{op.name}/"):
                plain = plain_slice(op, [self.tensor(inputs[0]), *inputs[1:]])
            if plain is not None:
                return [plain]
        dtypes = dtypes or {}
        attributes = {name: a for name, a in op.node_def.attr.items() if not name.startswith("_")}
        for name, attribute in attributes.items():
            if attribute.WhichOneof("value") == "type" and (dtype := tf.as_dtype(attribute.type)) in dtypes:
                attributes[name] = type(attribute)(type=dtypes[dtype].as_datatype_enum)
            elif attribute.list.type:
                types = [dtypes.get(tf.as_dtype(t), tf.as_dtype(t)).as_datatype_enum for t in attribute.list.type]
                attributes[name] = type(attribute)(list=type(attribute.list)(type=types))
        made = tf.compat.v1.get_default_graph().create_op(
            op.type,
            [self.tensor(x) for x in inputs],
            [dtypes.get(t.dtype, t.dtype) for t in op.outputs],
            name=op.name,
            attrs=attributes,
            op_def=op.op_def,
        )
        for told, original in zip(made.outputs, op.outputs, strict=True):
            if told.dtype != tf.variant:
                told.set_shape(original.shape)  # `tf.Tensor.set_shape` may have said what no operation says
        return list(made.outputs)

    def _tell(self, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        if op.type == "Const":
            return [tf.make_ndarray(op.get_attr("value"))]
        if op.type in _THE_SAME:
            return inputs[: len(op.outputs)]
        if op.type in _OF_SHAPES:
            arrays = [self._shaped(t, x) for t, x in zip(op.inputs, inputs, strict=True)]
            if all(array is not None for array in arrays):
                return _computed(op, arrays)  # type: ignore[arg-type]
        is_plain = op.type not in _FUNCTIONAL and all(t.dtype != tf.variant for t in op.outputs)
        if is_plain and all(isinstance(x, np.ndarray) for x in inputs):
            results = _computed(op, inputs)
            if sum(x.nbytes for x in results) <= max(_LARGEST_CONSTANT, sum(x.nbytes for x in inputs)):
                return results
        if op.type in _FUNCTIONAL:
            return _FUNCTIONAL[op.type](self, op, inputs)
        kinds = {t.dtype for t in (*op.inputs, *op.outputs)}
        if op.type in _IN_OTHER_WORDS and kinds == {tf.float32}:
            with tf.name_scope(f"{op.name}/"):
                return [_IN_OTHER_WORDS[op.type](inputs[0])]
        if op.type == "BroadcastArgs":
            with tf.name_scope(f"{op.name}/"):
                return [_joint_shape(*map(self.tensor, inputs))]
        if op.type in DIVISIONS and self._divides(op):
            with tf.name_scope(f"{op.name}/"):
                return [divided(op.type, *map(self.tensor, inputs))]
        for dtype, numbers in self.numbers.items():
            if dtype in kinds:
                with tf.name_scope(f"{op.name}/"):
                    return self._told(numbers, op, inputs)
        return self.copy(op, inputs)

    def _told(self, numbers: Numbers, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        try:
            return numbers.tell(self, op, inputs)
        except (TypeError, ValueError):  # a size that is a number in every other form, such as that of a transform
            if all(t.shape.is_fully_defined() for t in op.inputs):
                raise
            raise NotPortable(f"{op.type} of an open length", op.name) from None

    def _divides(self, op: tf.Operation) -> bool:
        """Whether a division needs other words, and is not of numbers that the runtime lacks."""
        dtype = op.inputs[0].dtype
        if dtype == tf.uint64:
            raise NotPortable(op.type, op.name)
        return not is_native(op.type, dtype) and (dtype == tf.int64 or dtype not in self.numbers)

    def _shaped(self, tensor: tf.Tensor, value: Value) -> np.ndarray | None:
        """Any constant of the same shape, where it is known."""
        if isinstance(value, np.ndarray):
            return value
        shape = (value[0] if isinstance(value, tuple) else value).shape
        if not shape.is_fully_defined():
            return None
        return np.broadcast_to(np.zeros([], tensor.dtype.as_numpy_dtype), shape.as_list())

    def _flat(self, dtype: tf.DType, value: Value) -> list[tf.Tensor]:
        if dtype not in self.numbers:
            return [self.tensor(value)]
        return list(self.numbers[dtype].parts(value))

    def _packed(self, dtypes: Iterable[tf.DType], tensors: Sequence[tf.Tensor]) -> list[Value]:
        """The values of such types that these tensors stand for."""
        found, rest = [], list(tensors)
        for dtype in dtypes:
            n = self.numbers[dtype].n_parts if dtype in self.numbers else 1
            found.append(rest[0] if n == 1 else tuple(rest[:n]))
            rest = rest[n:]
        return found

    def _call(self, op: tf.Operation, inputs: Sequence[Value], attribute: str = "f") -> list[Value]:
        inner = _function(op, attribute)
        name = _implemented(op, attribute)
        if name and self.whole and (found := self.whole(name, inputs)):
            return list(found[: len(op.outputs)])
        return self.run(inner, dict(zip((t.name for t in inner.inputs), inputs, strict=True)), inner.outputs)

    def _if(self, op: tf.Operation, inputs: Sequence[Value]) -> list[Value]:
        condition, *given = inputs
        branches = "then_branch", "else_branch"
        if isinstance(condition, np.ndarray):
            return self._call(op, given, branches[not condition])
        dtypes = [t.dtype for t in op.outputs]

        def branch(attribute: str) -> Callable[[], list[tf.Tensor]]:
            def run() -> list[tf.Tensor]:
                found = self._call(op, given, attribute)
                flat = [x for dtype, value in zip(dtypes, found, strict=True) for x in self._flat(dtype, value)]
                return [tf.identity(x) for x in flat]

            return run

        told = tf.cond(condition, branch(branches[0]), branch(branches[1]))
        return self._packed(dtypes, tf.nest.flatten(told))

    def _while(self, op: tf.Operation, inputs: Sequence[Value]) -> list[Value]:
        """What no step changes is not carried: it stays the constant, or the tensor, that it is."""
        body, condition = _function(op, "body"), _function(op, "cond")
        n = len(inputs)
        carried = [i for i in range(n) if not _is_passed_on(body, i)]
        dtypes = [op.inputs[i].dtype for i in carried]

        def values(tensors: Sequence[tf.Tensor]) -> list[Value]:
            now = list(inputs)
            for i, x in zip(carried, self._packed(dtypes, tensors), strict=True):
                now[i] = x
            return now

        def run(graph: Any, tensors: Sequence[tf.Tensor], outputs: Sequence[tf.Tensor]) -> list[Value]:
            return self.run(graph, dict(zip((t.name for t in graph.inputs), values(tensors), strict=True)), outputs)

        def step(*tensors: tf.Tensor) -> list[tf.Tensor]:
            found = run(body, tensors, [body.outputs[i] for i in carried])
            return [x for dtype, value in zip(dtypes, found, strict=True) for x in self._flat(dtype, value)]

        def goes_on(*tensors: tf.Tensor) -> tf.Tensor:
            return self.tensor(run(condition, tensors, condition.outputs)[0])

        if any(isinstance(x, Empty) for x in inputs):
            # A step that is not kept says what shape the elements have.
            with FuncGraph("step").as_default():
                given = dict(zip((t.name for t in body.inputs), inputs, strict=True))
                after = self.run(body, given, [body.outputs[i] for i in carried])
            made = dict(zip(carried, after, strict=True))
            inputs = [
                tf.zeros([x.length, *made[i].shape[1:]], made[i].dtype) if isinstance(x, Empty) else x
                for i, x in enumerate(inputs)
            ]
        first = [x for i, dtype in zip(carried, dtypes, strict=True) for x in self._flat(dtype, inputs[i])]
        told = tf.while_loop(goes_on, step, first, parallel_iterations=1)
        return [values(told)[i] for i in range(n)]


_FUNCTIONAL: dict[str, Callable[[Retelling, tf.Operation, Sequence[Value]], Sequence[Value]]] = {
    "PartitionedCall": Retelling._call,
    "StatefulPartitionedCall": Retelling._call,
    "If": Retelling._if,
    "StatelessIf": Retelling._if,
    "While": Retelling._while,
    "StatelessWhile": Retelling._while,
}


def _joint_shape(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
    """The shape of a sum of values of two shapes: ONNX computes none of an open length."""
    ranks = [int(x.shape[0] or 0) for x in (one, two)]
    one, two = (
        tf.concat([tf.ones([max(ranks) - rank], x.dtype), x], axis=0) for rank, x in zip(ranks, (one, two), strict=True)
    )
    return tf.where(tf.equal(one, 1), two, one)


def _log1p(x: tf.Tensor) -> tf.Tensor:
    """log(1 + x), of small x by 2 artanh(x / (2 + x)): no difference that a converter could simplify away."""
    ratio = x / (2.0 + x)
    square = ratio * ratio
    series = 1.0 + square * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9))))
    return tf.where(tf.abs(x) < 0.35, 2.0 * ratio * series, tf.math.log(1.0 + x))


#: ONNX has no expm1 or log1p, and LiteRT rounds in them; LiteRT's softplus is log(1 + exp(x)), which ends at x = 88.
_IN_OTHER_WORDS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "Expm1": lambda x: tf.tanh(0.5 * x) * (tf.exp(x) + 1.0),
    "Log1p": _log1p,
    "Softplus": lambda x: tf.nn.relu(x) + _log1p(tf.exp(-tf.abs(x))),
}


def _in_order(outputs: Sequence[tf.Tensor], known: Mapping[str, Value]) -> list[tf.Operation]:
    """The operations that the outputs need, each after those that it needs."""
    found: dict[tf.Operation, None] = {}
    waiting = [t.op for t in reversed(outputs) if t.name not in known]
    while waiting:
        op = waiting[-1]
        needed = [t.op for t in op.inputs if t.name not in known and t.op not in found]
        if op in found or not needed:
            waiting.pop()
            found[op] = None
        else:
            waiting.extend(needed)
    return list(found)


def _definition(op: tf.Operation, attribute: str) -> Any:
    """Of a function that an operation calls."""
    definition = op.graph._get_function(op.get_attr(attribute).name)
    while hasattr(definition, "definition") or hasattr(definition, "cached_definition"):
        definition = getattr(definition, "cached_definition", None) or definition.definition
    return definition


def _implemented(op: tf.Operation, attribute: str) -> str:
    """What a function says that it is, as `nn.as_one_function` has it say; else empty."""
    return _definition(op, attribute).attr["_implements"].s.decode()


def _function(op: tf.Operation, attribute: str) -> Any:
    """The graph of a function that an operation calls."""
    definition = _definition(op, attribute)
    with op.graph.as_default():  # there are those that the function itself calls
        return function_def_to_graph(definition, include_library_functions=True)


def _is_passed_on(body: Any, i: int) -> bool:
    """Whether a step of a loop gives an input on as it is."""
    tensor = body.outputs[i]
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor is body.inputs[i]


def _computed(op: tf.Operation, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What TensorFlow makes of constants."""
    attributes: list[Any] = []
    for name, attribute in op.node_def.attr.items():
        if not name.startswith("_"):
            attributes += [name, _plain(attribute)]
    with tf.init_scope():
        tensors = [tf.constant(x, t.dtype) for x, t in zip(inputs, op.inputs, strict=True)]
        results = execute.execute(op.type, len(op.outputs), tensors, tuple(attributes), context.context())
        return [np.asarray(x) for x in results]


def _plain(attribute: Any) -> Any:
    """The value of an attribute, as an operation that is run by name takes it."""
    kind = attribute.WhichOneof("value")
    if kind != "list":
        return getattr(attribute, kind)
    filled = [values for _, values in attribute.list.ListFields()]
    return list(filled[0]) if filled else []
