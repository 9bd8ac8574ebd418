"""Scoring as an ONNX graph: every item's score, for users the model has learned and for new people from their likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tastegraph.errors import ModelError
from tastegraph.files import written_whole
from tastegraph.serving.person import DISLIKE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

    from tastegraph.saved_model import SavedModel

__all__ = ["FOLD_IN", "KNOWN", "export_onnx"]

KNOWN, FOLD_IN = "known_user.onnx", "fold_in.onnx"
OPSET, IR_VERSION = 17, 8  # what runtimes since 2022 read


def export_onnx(model: SavedModel, folder: Path) -> None:
    """Write two graphs into a folder that is there; both give `scores`, float32 [batch, items], of all items in order.

    - known_user.onnx: `user`, int64 [batch], user indices. y_ui = e_u . e_i. A negative index counts from the last
      user, as ONNX's Gather has it; the runtime refuses one that is out of range.
    - fold_in.onnx: `likes`, float32 [batch, items], 1 for a like, -1 for a dislike, else 0. A row without any scores
      every item by its popularity prior, or 0 where the model has none.
      The vector is that of `new_person`: the sum over the films named of p_ui f_i, brought to length 1 for a cosine.

    What a person knows is not left out: scores are of everything.

    Raises:
        ModelError: onnx is not there.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ModelError('export to ONNX needs the extra "onnx": pip install "tastegraph[onnx]"') from error
    for name, graph in ((KNOWN, _known(model)), (FOLD_IN, _fold_in(model))):
        onnx.checker.check_model(graph)
        with written_whole(folder / name) as aside:
            aside.write_bytes(graph.SerializeToString())


def _known(model: SavedModel) -> ModelProto:
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Gather", ["e_users", "user"], ["vector"]),
        helper.make_node("MatMul", ["vector", "e_items"], ["scores"]),
    ]
    user = helper.make_tensor_value_info("user", TensorProto.INT64, ["batch"])
    return _graph(model, nodes, user, {"e_users": model.e_users, "e_items": model.e_items.T})


def _fold_in(model: SavedModel) -> ModelProto:
    """Likes . f_i / |N_i|^b / |N_u|^a, and what follows of ranking by cosine and of a prior."""
    from onnx import TensorProto, helper

    weighted = model.folding.items * model.folding.weights(1, model.popularity)[:, None]
    constants: dict[str, NDArray[Any]] = {
        "f": weighted.astype(np.float32),
        "e_items": model.e_items.T,
        "axis": np.array([1], np.int64),
        "a": np.array(model.folding.exponents[0], np.float32),
        "one": np.array(1, np.float32),
    }
    nodes = [
        helper.make_node("Abs", ["likes"], ["named"]),
        helper.make_node("ReduceSum", ["named", "axis"], ["counted"], keepdims=1),
        helper.make_node("Max", ["counted", "one"], ["films"]),  # a row of nothing comes to 0, not to 0 / 0
        helper.make_node("Pow", ["films", "a"], ["root"]),
        helper.make_node("LeakyRelu", ["likes"], ["signed"], alpha=DISLIKE),
        helper.make_node("MatMul", ["signed", "f"], ["sum"]),
        helper.make_node("Div", ["sum", "root"], ["taste"]),
    ]
    vector = "taste"
    if model.ranking == "cosine":
        constants["tiny"] = np.array(np.finfo(np.float32).tiny, np.float32)
        nodes += [
            helper.make_node("ReduceL2", ["taste"], ["norm"], axes=[1], keepdims=1),
            helper.make_node("Max", ["norm", "tiny"], ["length"]),
            helper.make_node("Div", ["taste", "length"], ["direction"]),
        ]
        vector = "direction"
    if model.e_items.shape[1] > model.width:
        nodes += [  # a column of ones as long as the batch: films / films
            helper.make_node("Div", ["films", "films"], ["ones"]),
            helper.make_node("Concat", [vector, "ones"], ["with_prior"], axis=1),
        ]
        vector = "with_prior"
    nodes.append(helper.make_node("MatMul", [vector, "e_items"], ["scores"]))
    likes = helper.make_tensor_value_info("likes", TensorProto.FLOAT, ["batch", len(model.items)])
    return _graph(model, nodes, likes, constants)


def _graph(model: SavedModel, nodes: list[NodeProto], asked: object, constants: dict[str, NDArray[Any]]) -> ModelProto:
    from onnx import TensorProto, helper, numpy_helper

    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", len(model.items)])
    kept = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "tastegraph", [asked], [scores], kept)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="tastegraph")
