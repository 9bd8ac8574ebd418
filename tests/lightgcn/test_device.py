"""What a GPU computes is plain PyTorch: here it runs on the CPU, and on a device that knows shapes alone."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._foreach_utils import _get_fused_kernels_supported_devices
from torch.utils._python_dispatch import TorchDispatchMode

from tastegraph.errors import DivergedError
from tastegraph.graph import devices
from tastegraph.graph.bipartite import BipartiteGraph
from tastegraph.graph.propagation import propagate, sum_of_layers_at
from tastegraph.lightgcn.checkpoint import NothingKept
from tastegraph.lightgcn.config import ModelConfig, TrainingConfig
from tastegraph.lightgcn.model import LightGCN
from tastegraph.lightgcn.pair_batches import PairBatches, pair_loss
from tastegraph.lightgcn.training import train, train_step
from tastegraph.lightgcn.user_batches import UserBatch, UserBatches, tallied
from tastegraph.studies.recipe import load_recipe
from tastegraph.studies.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from tastegraph.data.dataset import Dataset
    from tastegraph.lightgcn.checkpoint import TrainingState
    from tastegraph.lightgcn.training import Trained

SHAPES_ALONE = torch.device("meta")  # a device whose tensors have no content: whoever needs some fails
SHAPES: list[dict[str, Any]] = [
    {},
    {"num_layers": 0},
    {"exponents": (0.3, 0.7), "alpha": "learned", "start": "spectral", "embedding_dim": 8},
]
TRAININGS: list[dict[str, Any]] = [
    {},
    {"negatives": "popularity", "regularise": "all", "positives": "by_user"},
    {"negatives": "hardest", "candidates": 4},
    {"objective": "softmax", "shared_negatives": 20, "user_exponent": 0.5},
    {"objective": "softmax", "shared_negatives": 20, "negatives": "popularity", "similarity": "inner"},
    {"objective": "softmax", "shared_negatives": 300, "negatives": "popularity", "regularise": "all"},
    {"objective": "softmax", "negatives": "batch", "popularity_correction": 0.5},
]


def two_tastes() -> BipartiteGraph:
    rng = np.random.default_rng(3)
    user = np.repeat(np.arange(40), 8)
    item = np.concatenate([rng.choice(15, 8, replace=False) + 15 * (u % 2) for u in range(40)])
    return BipartiteGraph.from_pairs(user, item, 40, 31)  # item 30 is nobody's


def config_of(**settings: Any) -> TrainingConfig:
    batch = 16 if settings.get("objective") == "softmax" else 64
    fixed = {"epochs": 3, "batch_size": batch, "weight_decay": 0.01, "propagation_precision": "float32"}
    return TrainingConfig.model_validate(fixed | settings)


def batches_of(graph: BipartiteGraph, config: TrainingConfig, device: torch.device = devices.CPU) -> Any:
    return (UserBatches if config.objective == "softmax" else PairBatches)(graph, config, device)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", TRAININGS)
def test_plain_pytorch_trains_as_the_kernels_do(
    plainly: Callable[[], None], settings: dict[str, Any], shape: dict[str, Any]
) -> None:
    def trained() -> tuple[list[float], Trained]:
        told: list[float] = []
        model = ModelConfig.model_validate({"embedding_dim": 16, **shape})
        return told, train(two_tastes(), model, config_of(**settings), on_step=lambda *step: told.append(step[2]))

    compiled, one = trained()
    plainly()
    losses, other = trained()
    assert losses == pytest.approx(compiled, rel=1e-5)
    for ours, theirs in zip(other.embeddings, one.embeddings, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_200_steps_lose_what_the_kernels_lose(plainly: Callable[[], None]) -> None:
    def losses() -> list[float]:
        told: list[float] = []
        config = TrainingConfig(epochs=40, batch_size=64, seed=2, propagation_precision="float32")  # 5 steps an epoch
        train(two_tastes(), ModelConfig(embedding_dim=16), config, on_step=lambda *step: told.append(step[2]))
        return told

    compiled = losses()
    assert len(compiled) == 200
    plainly()
    assert losses() == pytest.approx(compiled, rel=1e-4)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_movielens_trains_alike(movielens_100k: Dataset, plainly: Callable[[], None], precision: str) -> None:
    settings = ["training.epochs=2", "training.negatives=hardest", f"training.propagation_precision={precision}"]
    recipe = load_recipe(None, settings)
    graph = Trial.of(movielens_100k, recipe).graph
    one = train(graph, recipe.model, recipe.training)
    plainly()
    other = train(graph, recipe.model, recipe.training)
    tolerance = {"float32": 1e-5, "float16": 1e-3}[precision]
    assert [epoch.loss for epoch in other.epochs] == pytest.approx([epoch.loss for epoch in one.epochs], rel=tolerance)


@pytest.mark.parametrize("settings", TRAININGS)
def test_the_same_batches_are_drawn_whatever_computes(plainly: Callable[[], None], settings: dict[str, Any]) -> None:
    """And as many numbers: the generator is left in the same state."""

    def drawn() -> tuple[list[list[torch.Tensor]], torch.Tensor]:
        draws = torch.Generator().manual_seed(5)
        batches = [
            list(batch) if isinstance(batch, tuple) else list(vars(batch).values())
            for batch in batches_of(two_tastes(), config_of(**settings)).epoch(draws)
        ]
        return batches, draws.get_state()

    compiled, state = drawn()
    plainly()
    plain, after = drawn()
    assert torch.equal(after, state)
    for one, other in zip(compiled, plain, strict=True):
        if settings.get("objective") == "softmax":
            *other, shared, times = other  # noqa: PLW2901
            assert times[-1] == 0  # padding
            other += [shared[times > 0], times[times > 0]]
        assert all(map(torch.equal, one, other))


@pytest.mark.parametrize("factor", [1e-20, 1.0, 1e20])
def test_halves_are_scaled_as_a_whole(plainly: Callable[[], None], factor: float) -> None:
    """Numbers down to a millionth of the largest are stored in full; sums of many neighbours do not overflow."""
    graph = BipartiteGraph.from_pairs(range(3000), [0] * 3000, 3000, 1)
    x = factor * torch.rand(3001, 4, generator=torch.Generator().manual_seed(0))
    expected = propagate(graph, x.double())
    plainly()
    torch.testing.assert_close(propagate(graph, x, "float16").double(), expected, rtol=3e-3, atol=0)
    zeros = torch.zeros(3001, 4)
    assert torch.equal(propagate(graph, zeros, "float16"), zeros)
    x[7, 2] = torch.nan
    assert not bool(propagate(graph, x, "float16")[3000, 2].isfinite())


def test_rows_may_be_asked_for_twice_where_nobody_counts_them(toy: BipartiteGraph, plainly: Callable[[], None]) -> None:
    x, alpha = torch.randn(7, 3, requires_grad=True), torch.tensor([0.2, 0.3, 0.5])
    plainly()
    rows = torch.tensor([4, 0, 4])
    e, e0 = sum_of_layers_at(toy, x, alpha, rows)
    assert torch.equal(e[0], e[2])
    assert torch.equal(e0, x[rows])
    (slope,) = torch.autograd.grad(e.sum(), x)
    once = sum_of_layers_at(toy, x, alpha, torch.tensor([4, 0]))[0]
    (expected,) = torch.autograd.grad((once * torch.tensor([[2.0], [1.0]])).sum(), x)
    torch.testing.assert_close(slope, expected)


class _States(NothingKept):
    """Keeps the state at the end, and after some step."""

    def __init__(self, step: int | None = None, begin: TrainingState | None = None) -> None:
        self.step, self.begin, self.kept = step, begin, list[Any]()

    def last(self) -> TrainingState | None:
        return self.begin

    def after_step(self, state: Callable[[], TrainingState]) -> None:
        if self.step is not None and state().step == self.step and not self.kept:
            self._keep(state())

    def at_the_end(self, state: Callable[[], TrainingState]) -> None:
        self._keep(state())

    def _keep(self, state: TrainingState) -> None:
        copies = {
            name: {key: part.clone() for key, part in getattr(state, name).items()} for name in ("model", "optimizer")
        }
        self.kept.append((state, copies))


def test_divergence_is_found_late_and_leaves_the_model_as_it_was(plainly: Callable[[], None]) -> None:
    """The losses are read at an epoch's end: the step that is named, and the state that is left, are the kernels'."""

    def diverged() -> tuple[str, Any]:
        kept = _States()
        graph, config = two_tastes(), config_of(batch_size=16)
        batches, losses = PairBatches(graph, config), []

        class Breaking:
            steps = batches.steps
            epoch = staticmethod(batches.epoch)

            @staticmethod
            def loss(model: LightGCN, batch: Any) -> torch.Tensor:
                losses.append(batches.loss(model, batch))
                return losses[-1] * (torch.nan if len(losses) == 29 else 1)

        with pytest.raises(DivergedError) as found:
            train(graph, ModelConfig(embedding_dim=8), config, batches=Breaking(), keeper=kept)
        return str(found.value), kept.kept[-1]

    said, (state, tensors) = diverged()
    assert "the loss is nan at epoch 2, step 9" in said
    plainly()
    again, (late, plain) = diverged()
    assert again == said
    assert len(state.losses) == len(late.losses) == 8
    for name, parts in tensors.items():
        for key, part in parts.items():
            torch.testing.assert_close(plain[name][key], part, rtol=1e-3, atol=1e-5)


def test_a_training_begun_by_the_kernels_is_gone_on_with_plainly(plainly: Callable[[], None]) -> None:
    def trained(keeper: _States) -> Trained:
        return train(two_tastes(), ModelConfig(embedding_dim=8), config_of(negatives="hardest"), keeper=keeper)

    halfway = _States(step=3)
    whole = trained(halfway)
    state, tensors = halfway.kept[0]
    assert state.step == 3
    plainly()
    gone_on = trained(_States(begin=type(state)(**vars(state) | tensors)))
    assert [epoch.loss for epoch in gone_on.epochs] == pytest.approx([epoch.loss for epoch in whole.epochs], rel=1e-5)


class _NoRoundTrip(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Fails where the host would wait for a SHAPES_ALONE: a copy between them, unless the GPU is to fetch it.

    Whatever needs a number of the GPU's fails by itself: a tensor of shapes alone has none.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        given = {part.device.type for part in torch.utils._pytree.tree_leaves(args) if isinstance(part, torch.Tensor)}
        if isinstance(out, torch.Tensor) and given == {"meta"} and out.device.type == "cpu":
            raise AssertionError(f"{func} brings numbers back from the device")
        if isinstance(out, torch.Tensor) and given == {"cpu"} and out.device.type == "meta":
            raise AssertionError(f"{func} brings numbers to the device")
        return out


class _NoNumbersMade(TorchFunctionMode):
    """Fails where a number of the host is made a tensor: to a GPU that is a copy which the host waits for."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func not in (torch.tensor, torch.as_tensor, torch.Tensor.new_tensor)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("shape", [{}, {"num_layers": 0}, {"exponents": (0.3, 0.7), "alpha": "learned"}])
@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("settings", TRAININGS)
def test_no_step_waits_for_the_device(
    monkeypatch: pytest.MonkeyPatch,
    plainly: Callable[[], None],
    settings: dict[str, Any],
    precision: str,
    shape: dict[str, Any],
) -> None:
    """Forward, backward and Adam of a step where no tensor has any content."""
    there = ["meta", *_get_fused_kernels_supported_devices()]
    monkeypatch.setattr(sys.modules["torch.optim.optimizer"], "_get_fused_kernels_supported_devices", lambda: there)
    graph, config = two_tastes(), config_of(**settings, propagation_precision=precision)
    size = ModelConfig.model_validate({"embedding_dim": 8, **shape}).size
    plainly()
    drawn = next(batches_of(graph, config).epoch(torch.Generator().manual_seed(0)))
    propagate(graph, torch.zeros(graph.num_nodes, 1, dtype=torch.float64))  # PyTorch's one warning of sparse matrices
    with FakeTensorMode(allow_non_fake_inputs=True):
        with SHAPES_ALONE:
            model = LightGCN(graph.num_users, graph.num_items, **size)
        optimizer = torch.optim.Adam(model.parameters(), fused=True)
        optimizer.found_inf = torch.zeros((), device=SHAPES_ALONE)  # type: ignore[attr-defined]
        if isinstance(drawn, tuple):
            batch: Any = tuple(part.to(SHAPES_ALONE) for part in drawn)
            step = partial(pair_loss, graph, config, model, batch)
        else:
            batch = UserBatch(**{name: part.to(SHAPES_ALONE) for name, part in vars(drawn).items()})
            step = partial(UserBatches(graph, config, SHAPES_ALONE).loss, model, batch)
        train_step(step(), optimizer)  # brings the graph there
        with _NoRoundTrip(), _NoNumbersMade():  # type: ignore[no-untyped-call]
            train_step(step(), optimizer)


def test_no_batch_of_users_waits_for_the_device(plainly: Callable[[], None]) -> None:
    """Its positives are found, and distinct negatives counted, where nobody knows how many there are."""
    lists = two_tastes().items_of
    plainly()
    with FakeTensorMode(allow_non_fake_inputs=True):
        user = torch.tensor([3, 0, 7]).to(SHAPES_ALONE)
        kept = devices.kept_lists(lists, SHAPES_ALONE)
        with _NoRoundTrip():  # type: ignore[no-untyped-call]
            _, positive = kept.pairs_of(user, 24)
            shared, times = tallied(positive, 31)
    assert len(positive) == 24
    assert len(shared) == len(times) == 25
