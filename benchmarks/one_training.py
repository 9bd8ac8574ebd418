"""One training in a process of its own, which prints its times and its peak memory as a line of JSON.

Usage: python -m benchmarks.one_training WHO WHAT, with WHO one of ours, textbook, textbook-cached (WHAT is a folder
with train.txt and test.txt) or synthetic (WHAT is a number of edges).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peak_memory import forget_peak, peak_mb, resident_mb

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CACHED", "OURS", "SYNTHETIC", "TEXTBOOK", "in_a_process"]

OURS, TEXTBOOK, CACHED, SYNTHETIC = "ours", "textbook", "textbook-cached", "synthetic"
BATCH = 2048
TEXTBOOK_STEPS = 20
TEXTBOOK_JUDGED = 300
STEPS_AN_EPOCH = 20  # of a synthetic graph: its batch is a fixed share of its edges
WHOLE_EPOCHS_UP_TO, STEPS_TIMED = 10_000_000, 4  # edges
SECONDS = 7200


def in_a_process(who: str, what: str, module: str = "benchmarks.one_training") -> dict[str, Any]:
    """The answer of a fresh process that runs `module` with these words.

    Raises:
        RuntimeError: it failed; the message ends with what it said.
    """
    command = [sys.executable, "-m", module, who, what]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=root)
    if done.returncode:
        raise RuntimeError(f"{who} {what} failed: {done.stderr.strip().splitlines()[-1:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _ours(folder: str) -> dict[str, Any]:
    """An epoch on a published split, judged on its test part."""
    from benchmarks import ours
    from benchmarks.workloads import workload

    before = resident_mb()
    work = workload(folder)
    ours.train_model(work.graph, batch_size=BATCH, validate=lambda embeddings: ours.judge(work, embeddings).means())
    return {"before_mb": before, "peak_mb": peak_mb()}


def _synthetic(edges: str) -> dict[str, Any]:
    """Two epochs on a power-law graph, the second one timed; of a large one some steps, scaled to an epoch.

    The peak is of training, not of drawing the graph.
    """
    from benchmarks import ours
    from benchmarks.workloads import power_law_pairs
    from tastegraph.graph.bipartite import BipartiteGraph

    graph = BipartiteGraph.from_pairs(*power_law_pairs(int(edges)))
    building = peak_mb()
    forget_peak()
    batch = -(-graph.num_edges // STEPS_AN_EPOCH)
    if graph.num_edges <= WHOLE_EPOCHS_UP_TO:
        (seconds,) = ours.epoch_seconds(graph, batch)
    else:
        seconds = ours.epoch_seconds_of_steps(graph, batch, STEPS_TIMED)
    return {
        "edges": graph.num_edges,
        "nodes": graph.num_nodes,
        "epoch_seconds": seconds,
        "peak_mb": peak_mb(),
        "building_mb": building,
    }


def _textbook(folder: str, *, cached: bool) -> dict[str, Any]:
    """The textbook program: read, build, sample an epoch, some steps, some users judged."""
    import torch

    from benchmarks.peers.textbook_data import read_lines
    from benchmarks.peers.textbook_evaluator import evaluate
    from benchmarks.peers.textbook_graph import normalised_coo, normalised_coo_by_lists
    from benchmarks.peers.textbook_model import TextbookLightGCN, TextbookTrainer
    from benchmarks.peers.textbook_sampler import sample_triples

    before = resident_mb()
    positives, wanted = (read_lines(Path(folder) / name) for name in ("train.txt", "test.txt"))
    num_items = 1 + max(int(items.max()) for items in [*positives, *wanted] if len(items))
    build = normalised_coo if cached else normalised_coo_by_lists
    model = TextbookLightGCN(build(positives, num_items), len(positives), 64, 3)
    trainer = TextbookTrainer(model)
    drawn = torch.from_numpy(sample_triples(positives, num_items, sum(map(len, positives))))
    for chunk in torch.split(drawn, BATCH)[:TEXTBOOK_STEPS]:
        trainer.step(*chunk.unbind(1))
    judged = [user for user, items in enumerate(wanted) if len(items)][:TEXTBOOK_JUDGED]
    evaluate(model, positives, {user: wanted[user].tolist() for user in judged}, 20)
    return {"before_mb": before, "peak_mb": peak_mb()}


RUNS: dict[str, Callable[[str], dict[str, Any]]] = {
    OURS: _ours,
    SYNTHETIC: _synthetic,
    TEXTBOOK: lambda folder: _textbook(folder, cached=False),
    CACHED: lambda folder: _textbook(folder, cached=True),
}

if __name__ == "__main__":
    print(json.dumps(RUNS[sys.argv[1]](sys.argv[2])))
