"""ONNX files whose graphs branch and meet again, as PyTorch and tf2onnx write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper
from support.keras_files import assert_answers
from support.onnx_files import (
    ACCURACY,
    B1,
    B2,
    RANDOM,
    ROWS,
    W1,
    W2,
    Graph,
    check,
    dense,
    f32,
    gemm,
    read,
    refused,
    tensor,
)

W4, W5, W6 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((5, 5), (9, 2), (4, 5)))
ENDLESS = np.array([2**63 - 1])


def hidden(g: Graph, activation: str = "Relu", weights: np.ndarray = W1) -> str:
    """A layer of five units that reads the readings."""
    g.last = "x"
    gemm(g, weights, B1)
    return g.add(activation, g.last)


def after(g: Graph, value: str) -> None:
    g.last = value
    gemm(g, W2, B2)


def residual(g: Graph) -> None:
    before = hidden(g)
    gemm(g, W4, B1)
    after(g, g.add("Add", before, g.add("Relu", g.last)))


def residual_of_an_activation_by_parts(g: Graph) -> None:
    before = hidden(g, "Identity")
    after(g, g.add("Add", before, g.add("Mul", before, g.add("Sigmoid", before))))


def residual_gelu(g: Graph) -> None:
    before = hidden(g, "Identity")
    g.add("Erf", g.add("Div", before, g.constant(f32(np.sqrt(2)))))
    g.add("Mul", g.last, before)
    g.add("Mul", g.last, g.constant(f32(0.5)))
    g.add("Add", g.last, g.add("Mul", before, g.constant(f32(0.5))))
    after(g, g.add("Add", g.last, before))


def beside_the_readings(g: Graph) -> None:
    g.add("Concat", "x", hidden(g), axis=1)
    g.add("MatMul", W5)


def wide_and_deep(g: Graph) -> None:
    after(g, hidden(g))
    deep = g.last
    g.last = "x"
    g.add("MatMul", RANDOM.normal(size=(4, 3)).astype(np.float32))
    g.add("Add", deep, g.last)


def parts(g: Graph) -> None:
    """x[:, :1], x[:, 1:] and x[:, ::-2]."""
    every = []
    for start, end, step, width in (([0], [1], [1], 1), ([1], ENDLESS, [1], 3),
                                    ([-1], -ENDLESS, [-2], 2)):  # fmt: skip
        given = [g.constant(np.array(each)) for each in (start, end, [1], step)]
        g.add("Slice", "x", *given)
        g.add("MatMul", W1[:width])
        every.append(g.add("Tanh", g.last))
    after(g, g.add("Sum", *every))


def split(g: Graph) -> None:
    """Halves of a layer, the second a gate of the first."""
    g.add("MatMul", RANDOM.normal(size=(4, 10)).astype(np.float32))
    g.nodes.append(helper.make_node("Split", [g.last, g.constant(np.array([5, 5]))],
                                    ["half", "other"], axis=1))  # fmt: skip
    after(g, g.add("Mul", "half", g.add("Sigmoid", "other")))


def chunk(g: Graph) -> None:
    """The same by sizes that the graph computes."""
    whole = g.add("MatMul", RANDOM.normal(size=(4, 10)).astype(np.float32))
    size = g.add("Gather", g.add("Shape", whole), g.constant(np.array([1])), axis=0)
    g.add("Add", size, g.constant(np.array([1])))
    half = g.add("Div", g.last, g.constant(np.array([2])))
    end = g.add("Mul", half, g.constant(np.array([2])))
    axis, zero = g.constant(np.array([1])), g.constant(np.array([0]))
    first = g.add("Slice", whole, zero, half, axis)
    after(g, g.add("Mul", first, g.add("Tanh", g.add("Slice", whole, half, end, axis))))


def columns(g: Graph) -> None:
    g.add("Gather", "x", g.constant(np.array([2, 0, -1])), axis=1)
    g.add("MatMul", W1[:3])


def columns_of_scikit_learn(g: Graph) -> None:
    places = [g.constant(np.array(each)) for each in ([1, 3], [0, 2])]
    one, other = (g.add("ArrayFeatureExtractor", "x", each, domain="ai.onnx.ml")
                  for each in places)  # fmt: skip
    scaled = g.add("Scaler", one, domain="ai.onnx.ml", offset=[1.0, 2.0], scale=[0.5, 2.0])
    g.add("Mul", other, g.constant(f32([0.5, 3])))
    g.add("Concat", scaled, g.add("Add", g.last, g.constant(f32([-1, 2]))), axis=1)
    dense(g, W1, B1)


def stacked_mean(g: Graph) -> None:
    """torch.stack([…]).mean(0)."""
    every, zero = [], g.constant(np.array([0]))
    for weights in (W1, W6, W1 * f32(0.5)):
        after(g, hidden(g, "Tanh", weights))
        every.append(g.add("Unsqueeze", g.last, zero))
    g.add("Concat", *every, axis=0)
    g.add("ReduceMean", g.last, axes=[0], keepdims=0)


def stacked_mean_of_scikit_learn(g: Graph) -> None:
    every, shape = [], g.constant(np.array([1, -1, 3]))
    for weights in (W1, W6):
        after(g, hidden(g, "Tanh", weights))
        every.append(g.add("Reshape", g.last, shape))
    g.add("ReduceMean", g.add("Concat", *every, axis=0), axes=[0], keepdims=0)


def mixture(g: Graph) -> None:
    """(p.unsqueeze(2) * torch.stack([…], 1)).sum(1)."""
    one = g.constant(np.array([1]))
    experts = []
    for weights in (W1, W6):
        after(g, hidden(g, "Tanh", weights))
        experts.append(g.add("Unsqueeze", g.last, one))
    stack = g.add("Concat", *experts, axis=1)
    g.last = "x"
    g.add("Softmax", g.add("MatMul", W1[:, :2].copy()), axis=1)
    share = g.add("Unsqueeze", g.last, g.constant(np.array([2])))
    g.add("ReduceSum", g.add("Mul", share, stack), one, keepdims=0)


def highway(g: Graph) -> None:
    """g h + (1 - g) k."""
    gate, one, other = hidden(g, "Sigmoid"), hidden(g, "Tanh", W6), hidden(g, "Relu", -W6)
    rest = g.add("Mul", g.add("Sub", g.constant(f32(1)), gate), other)
    after(g, g.add("Add", g.add("Mul", gate, one), rest))


def scalar_gate(g: Graph) -> None:
    one = hidden(g)
    g.last = "x"
    gate = g.add("Sigmoid", g.add("MatMul", W1[:, :1].copy()))
    after(g, g.add("Mul", one, gate))


def excitation(g: Graph) -> None:
    before = hidden(g)
    g.add("MatMul", W4[:, :2].copy())
    g.add("Relu", g.last)
    g.add("MatMul", W4[:2].copy())
    after(g, g.add("Mul", before, g.add("Sigmoid", g.last)))


def attention(g: Graph) -> None:
    before = hidden(g, "Identity")
    after(g, g.add("Mul", before, g.add("Softmax", before, axis=-1)))


def softmax_inside(g: Graph) -> None:
    after(g, hidden(g, "Softmax"))


def maxout(g: Graph) -> None:
    after(g, g.add("Max", hidden(g, "Identity"), hidden(g, "Identity", W6)))


def smallest(g: Graph) -> None:
    after(g, g.add("Min", hidden(g, "Identity"), hidden(g, "Identity", W6), hidden(g)))


def ends_for_each_number(g: Graph) -> None:
    before = hidden(g, "Identity")
    low, high = (g.constant(f32(each)) for each in ([0, -1, 0.1, -0.3, 0.2], [1, 0.5, 2, 0.4, 1]))
    g.add("Max", g.constant(f32(-0.9)), before, low)
    after(g, g.add("Min", high, g.last))


def advantage(g: Graph) -> None:
    """v + a - a.mean(1), of a duelling network."""
    before = hidden(g)
    value = g.add("MatMul", W4[:, :1].copy())
    after(g, before)
    mean = g.add("ReduceMean", g.last, axes=[1], keepdims=1)
    g.add("Sub", g.add("Add", value, g.nodes[-2].output[0]), mean)


def sums(g: Graph) -> None:
    g.add("ReduceSum", hidden(g), g.constant(np.array([1])), keepdims=0)


def sizes(g: Graph) -> None:
    g.add("ReduceL1", hidden(g, "Identity"), axes=[1])


def twice_the_same_weights(g: Graph) -> None:
    weights = g.constant(W4)
    hidden(g)
    for _ in range(2):
        g.add("Relu", g.add("MatMul", g.last, weights))
    after(g, g.last)


def slope_by_hand(g: Graph) -> None:
    """torch.where(x > 0, x, 0.1 x)."""
    before = hidden(g, "Identity")
    below = g.add("Mul", before, g.constant(f32(0.1)))
    after(g, g.add("Where", g.add("Greater", before, g.constant(f32(0))), before, below))


def elu_of_keras(g: Graph) -> None:
    """A choice by products, as tf2onnx writes it in older opsets."""
    before = hidden(g, "Identity")
    over = g.add("Greater", before, g.constant(f32(0)))
    yes = g.add("Cast", over, to=TensorProto.FLOAT)
    no = g.add("Cast", g.add("Not", over), to=TensorProto.FLOAT)
    found = g.add("Elu", before)
    half = g.add("Mul", g.constant(f32(0.5)), found)
    after(g, g.add("Add", g.add("Mul", yes, found), g.add("Mul", half, no)))


def softplus_of_torch(g: Graph) -> None:
    before = hidden(g, "Identity")
    found = g.add("Softplus", before)
    after(g, g.add("Where", g.add("Greater", before, g.constant(f32(20))), before, found))


def other_elu(g: Graph) -> None:
    hidden(g, "Identity")
    after(g, g.add("Elu", g.last, alpha=0.4))


def hard_swish(g: Graph) -> None:
    before = hidden(g, "Identity")
    after(g, g.add("HardSwish", before))


def hard_swish_apart(g: Graph) -> None:
    before = hidden(g, "Identity")
    g.add("Clip", g.add("Add", before, g.constant(f32(3))), g.constant(f32(0)), g.constant(f32(6)))
    g.add("Mul", before, g.last)
    after(g, g.add("Div", g.last, g.constant(f32(6))))


def soft_shrink(g: Graph) -> None:
    hidden(g, "Identity")
    after(g, g.add("Shrink", g.last, bias=0.5, lambd=0.5))


def size(g: Graph) -> None:
    after(g, g.add("Abs", hidden(g, "Identity")))


def computed_constants(g: Graph) -> None:
    """Weights of which the file holds the parts."""
    norm = g.add("Sqrt", g.constant(f32([4, 9, 1, 16, 25])))
    weights = g.add("Div", g.constant(W1), norm)
    g.last = "x"
    g.add("MatMul", "x", weights)
    filled = g.add("ConstantOfShape", g.constant(np.array([5])),
                   value=helper.make_tensor("v", TensorProto.FLOAT, [1], [0.25]))  # fmt: skip
    after(g, g.add("Add", g.nodes[-2].output[0], filled))


def spread(g: Graph) -> None:
    one = hidden(g)
    g.last = "x"
    single = g.add("MatMul", W1[:, :1].copy())
    wide = g.add("Expand", single, g.add("Shape", one))
    tiled = g.add("Tile", single, g.constant(np.array([1, 5])))
    after(g, g.add("Add", g.add("Mul", one, wide), tiled))


def turned(g: Graph) -> None:
    """A table in each row, turned over."""
    g.add("Reshape", hidden(g, "Identity", W1), g.constant(np.array([0, 1, 5])))
    g.add("Concat", g.last, g.add("Neg", g.last), axis=1)
    g.add("Transpose", g.last, perm=[0, 2, 1])
    g.add("Relu", g.add("Flatten", g.last))
    g.add("MatMul", RANDOM.normal(size=(10, 2)).astype(np.float32))


def viewed(g: Graph) -> None:
    """x.view(x.size(0), -1) by sizes in int32, as tf2onnx computes them."""
    before = hidden(g, "Identity")
    sizes = g.add("Cast", g.add("Shape", before), to=TensorProto.INT32)
    g.add("Gather", sizes, g.constant(np.array([0])), axis=0)
    g.add("Concat", g.last, g.constant(np.array([5], np.int32)), axis=0)
    after(g, g.add("Reshape", before, g.add("Cast", g.last, to=TensorProto.INT64)))


def low_rank(g: Graph) -> None:
    """A kernel to which the product of two matrices is added, in two ways."""
    first, second = f32(RANDOM.normal(size=(4, 2))), f32(RANDOM.normal(size=(2, 5)))
    product = g.add("MatMul", g.constant(first), g.constant(second))
    turned_over = g.add("Gemm", g.constant(first), g.constant(second.T.copy()), transB=1)
    kernel = g.add("Add", g.add("Add", g.constant(W1), product), turned_over)
    after(g, g.add("MatMul", "x", kernel))


def lines(g: Graph) -> None:
    """The same layer on each line of a table, as nn.Linear on (n, 2, 2)."""
    g.add("Reshape", "x", g.constant(np.array([0, 2, 2])))
    g.add("MatMul", W1[:2].copy())
    g.add("Relu", g.add("Add", g.last, g.constant(B1)))
    g.add("Flatten", g.last)
    g.add("MatMul", RANDOM.normal(size=(10, 2)).astype(np.float32))


def one_line(g: Graph) -> None:
    g.add("Unsqueeze", "x", g.constant(np.array([1])))
    dense(g, W1, B1)
    g.add("Softmax", g.last, axis=2)
    g.add("MatMul", W2)
    g.add("Squeeze", g.last, g.constant(np.array([1])))


GRAPHS: dict[str, Callable[[Graph], None]] = {
    each.__name__.replace("_", " "): each
    for each in (
        residual, residual_of_an_activation_by_parts, residual_gelu, beside_the_readings,
        wide_and_deep, parts, split, chunk, columns, columns_of_scikit_learn, stacked_mean,
        stacked_mean_of_scikit_learn, mixture, highway, scalar_gate, excitation, attention,
        softmax_inside, maxout, smallest, ends_for_each_number, advantage, sums, sizes,
        twice_the_same_weights,
        slope_by_hand, elu_of_keras, softplus_of_torch, other_elu, hard_swish, hard_swish_apart,
        soft_shrink, size, lines, one_line, computed_constants, spread, turned,
        viewed, low_rank,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_read_as_it_computes(tmp_path: Path, name: str) -> None:
    graph = Graph()
    GRAPHS[name](graph)
    check(tmp_path / "m.onnx", graph.model())


def test_a_logarithm_of_a_sigmoid_is_exact_where_the_file_is_not(tmp_path: Path) -> None:
    graph = Graph()
    graph.add("Log", hidden(graph, "Sigmoid"))
    sums = ROWS.astype(np.float64) @ W1 + B1
    assert_answers(read(tmp_path / "m.onnx", graph.model()).mlp, ROWS, -np.logaddexp(0, -sums))


# Several inputs and outputs


def test_several_inputs_are_features_by_their_names(tmp_path: Path) -> None:
    graph = Graph()
    graph.add("Concat", "age", "weight", "x", axis=1)
    graph.add("MatMul", RANDOM.normal(size=(6, 2)).astype(np.float32))
    others = {"age": ("n", 1), "weight": ("n", 1)}
    columns = {name: ROWS[:, at : at + 1].copy() for at, name in enumerate(others)}
    mlp = check(tmp_path / "m.onnx", graph.model(others=others), ROWS, **columns)
    names = [feature.name for feature in mlp.features]
    assert names == ["x 1", "x 2", "x 3", "x 4", "age", "weight"]


def test_two_branches_of_two_inputs_with_the_same_weights(tmp_path: Path) -> None:
    graph = Graph()
    weights, biases = graph.constant(W1), graph.constant(B1)
    one, other = (graph.add("Relu", graph.add("Add", graph.add("MatMul", name, weights), biases))
                  for name in ("x", "y"))  # fmt: skip
    graph.add("ReduceSum", graph.add("Abs", graph.add("Sub", one, other)),
              graph.constant(np.array([1])))  # fmt: skip
    check(tmp_path / "m.onnx", graph.model(others={"y": ("n", 4)}), ROWS, y=ROWS[::-1].copy())


def test_several_outputs_are_predicted_by_their_names(tmp_path: Path) -> None:
    graph = Graph()
    before = hidden(graph)
    gemm(graph, W2, B2)
    values = graph.last
    graph.last = before
    chance = graph.add("Sigmoid", graph.add("MatMul", W4[:, :1].copy()))
    model = graph.model(outputs=[values, chance])
    mlp = check(tmp_path / "m.onnx", model)
    assert (mlp.task, mlp.targets) == (
        "regression", (f"{values} 1", f"{values} 2", f"{values} 3", chance)
    )  # fmt: skip
    remark = f"its outputs are predicted one after the other, as a regression: {values}, {chance}"
    assert remark in read(tmp_path / "m.onnx", model).remarks


@pytest.mark.parametrize("first", [True, False])
def test_of_logits_and_probabilities_the_latter_are_predicted(tmp_path: Path, first: bool) -> None:
    graph = Graph()
    after(graph, hidden(graph))
    logits = graph.last
    chances = graph.add("Softmax", logits, axis=1)
    outputs = [chances, logits] if first else [logits, chances]
    found = read(tmp_path / "m.onnx", graph.model(outputs=outputs))
    assert (found.mlp.task, found.mlp.outputs) == ("multiclass", 3)
    assert (f"of its outputs, {chances!r} is what is predicted here; the others are the same "
            "before it") in found.remarks  # fmt: skip


def test_logarithms_of_probabilities_are_predicted_as_probabilities(tmp_path: Path) -> None:
    graph = Graph()
    after(graph, hidden(graph))
    graph.add("LogSoftmax", graph.last, axis=1)
    found = read(tmp_path / "m.onnx", graph.model())
    assert found.mlp.layers[-1].activation == "softmax"
    assert any("gives logarithms of probabilities" in remark for remark in found.remarks)
    session = onnxruntime.InferenceSession(graph.model().SerializeToString())
    predict = found.probabilities(lambda rows: session.run(None, {"x": rows})[0])
    assert_answers(found.mlp, ROWS, predict(ROWS), 4, ACCURACY)


def test_a_regression_whose_predictions_stand_below_each_other(tmp_path: Path) -> None:
    """As skl2onnx writes an MLPRegressor with several targets."""
    graph = Graph()
    after(graph, hidden(graph))
    name = graph.add("Reshape", graph.last, graph.constant(np.array([-1, 1])))
    found = read(tmp_path / "m.onnx", graph.model())
    assert found.mlp.outputs == 3
    assert f"node '{name}' (Reshape) puts the predictions of a row one below the other; here " \
           "they stand side by side" in found.remarks  # fmt: skip


# What is refused


def joins_rows_to_rows(g: Graph) -> None:
    g.add("Concat", "x", "x", axis=0)


def looks_up(g: Graph) -> None:
    g.add("Gather", g.constant(B1), g.add("Cast", "x", to=TensorProto.INT64), axis=0)


def halves_the_rows(g: Graph) -> None:
    """x.view(x.size(0) // 2, -1), by the number of rows that the file does not tell."""
    g.add("Gather", g.add("Shape", "x"), g.constant(np.array([0])), axis=0)
    half = g.add("Div", g.last, g.constant(np.array([2])))
    target = g.add("Concat", half, g.constant(np.array([-1])), axis=0)
    g.add("Reshape", "x", target)


def some_rows(g: Graph) -> None:
    g.add("Slice", "x", *(g.constant(np.array([each])) for each in (1, 3, 0)))


def mean_of_the_rows(g: Graph) -> None:
    g.add("ReduceMean", "x", axes=[0])


def huge(g: Graph) -> None:
    g.add("Expand", "x", g.constant(np.array([2**30, 1, 4])))


def huge_constant(g: Graph) -> None:
    g.add("Add", "x", g.add("ConstantOfShape", g.constant(np.array([2**40]))))


def a_jump(g: Graph) -> None:
    before = hidden(g, "Identity")
    over = g.add("Cast", g.add("Greater", before, g.constant(f32(0))), to=TensorProto.FLOAT)
    after(g, over)


def a_jump_of_its_own(g: Graph) -> None:
    g.add("ThresholdedRelu", hidden(g, "Identity"), alpha=0.5)


def a_root(g: Graph) -> None:
    after(g, g.add("Sqrt", hidden(g)))


def a_power(g: Graph) -> None:
    after(g, g.add("Pow", hidden(g), g.constant(f32(1.7))))


def two_shapes(g: Graph) -> None:
    g.add("Add", "x", hidden(g))


def a_division(g: Graph) -> None:
    after(g, g.add("Div", hidden(g), hidden(g, "Relu", W6)))


REFUSED: dict[Callable[[Graph], None], str] = {
    joins_rows_to_rows: "joins rows of several shapes, or rows to rows",
    looks_up: "looks up what is no table of numbers", halves_the_rows: "of rows",
    some_rows: "takes some of the rows", mean_of_the_rows: "goes over the rows",
    huge: "makes rows of the shape", huge_constant: "makes a constant of the shape",
    a_jump: "(Cast) computes what no activation is: a jump",
    a_jump_of_its_own: "(ThresholdedRelu) jumps at 0.5, which no layer computes; 0 would do",
    a_root: "(Sqrt) computes what no activation is: a square root of what may be 0",
    a_power: "takes numbers to the power 1.7; 2 would do",
    two_shapes: "joins rows of the shape (4,), (5,)",
    a_division: "(Div) computes what no activation is: a division by what may be 0",
}  # fmt: skip


@pytest.mark.parametrize("build", REFUSED, ids=lambda build: build.__name__)
def test_what_no_layers_compute_is_refused(tmp_path: Path, build: Callable[[Graph], None]) -> None:
    graph = Graph()
    build(graph)
    assert REFUSED[build] in refused(tmp_path / "m.onnx", graph.model())


def test_cycles_and_names_that_stand_twice_are_refused(tmp_path: Path) -> None:
    path, graph = tmp_path / "m.onnx", Graph()
    after(graph, hidden(graph))
    model = graph.model()
    model.graph.node[0].input[0] = model.graph.node[2].output[0]
    assert "which is not there" in refused(path, model)
    model = graph.model()
    model.graph.node[1].output[0] = model.graph.node[2].input[0] = model.graph.node[0].output[0]
    assert "makes what is there already" in refused(path, model)
    model = graph.model()
    model.graph.output.append(tensor("nobody"))
    assert "its output 'nobody' does not depend on its input" in refused(path, model)


def test_a_branch_of_its_own_is_refused(tmp_path: Path) -> None:
    graph = Graph()
    after(graph, hidden(graph))
    inner = helper.make_graph([], "inner", [], [tensor("t0")])
    model = graph.model()
    model.graph.node.append(
        helper.make_node("If", ["t0"], ["end"], then_branch=inner, else_branch=inner)
    )
    model.graph.output[0].name = "end"
    said = "node 'end' (If) is an operator that mlp-edge does not read: a branch"
    assert said in refused(tmp_path / "m.onnx", model)
