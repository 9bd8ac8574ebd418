"""A training step by two ranks of one thread each, against one process of two threads; and what the ranks send."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measurement import interleave
from benchmarks.ranks_training import training_of
from benchmarks.record import Measured, Row, Target, rows_of
from benchmarks.workloads import workloads

if TYPE_CHECKING:
    from benchmarks.measurement import Sampler
    from benchmarks.settings import Settings
    from benchmarks.workloads import Workload

ROOT = Path(__file__).parents[2]
RANKS, WIDTH, STEPS, SECONDS = 2, 64, 20, 300
TOGETHER, ALONE = f"{RANKS} ranks, 1 thread each", f"1 process, {RANKS} threads"
TITLES = {"bpr": "BPR, 2,048 pairs", "softmax": "softmax, 2,048 users and as many negatives"}
FLOAT = 4  # bytes
WITHIN = 0.1


def run(settings: Settings) -> Measured:
    """Measure on Gowalla."""
    (work,) = workloads(settings, "gowalla")
    steps = 3 if settings.quick else STEPS
    rows: list[Row] = []
    targets: list[Target] = []
    for objective, title in TITLES.items():
        sent: list[float] = []
        samplers: dict[str, Sampler] = {
            TOGETHER: partial(_together, work, objective, steps, sent),
            ALONE: partial(_alone, work, objective, steps),
        }
        group = f"{work.name}, {title}"
        samples = interleave(samplers, settings.rounds)
        rows += rows_of(group, samples, ours=TOGETHER)
        ratio = median(samples[ALONE]) / median(samples[TOGETHER])
        targets.append(Target(what=f"two ranks' speed by one process's, {objective}", comparison=">=", bound=1.0,
                              measured=ratio))  # fmt: skip
        if any(sent):
            predicted = _bytes_sent(work, objective)
            rows += rows_of(f"{group}, bytes", {"sent by the ranks": sent, "predicted": [predicted]},
                            ours="sent by the ranks", unit="B")  # fmt: skip
            targets.append(Target(what=f"bytes sent beside those predicted, off by, {objective}", comparison="<=",
                                  bound=WITHIN, measured=abs(median(sent) / predicted - 1)))  # fmt: skip
    note = "Bytes are those that the loopback device of a network namespace of their own has sent, headers included."
    return Measured(rows=tuple(rows), targets=tuple(targets), workloads={work.name: work.sizes}, notes=(note,))


def _command(work: Workload, objective: str, steps: int) -> list[str]:
    return ["-m", "benchmarks.ranks_training", objective, work.name, str(WIDTH), str(steps)]


def _together(work: Workload, objective: str, steps: int, sent: list[float]) -> list[float]:
    """Seconds of steps of the ranks, where the machine permits in a network namespace, whose bytes are theirs alone."""
    words = ["-m", "torch.distributed.run", "--nproc-per-node", str(RANKS), *_command(work, objective, steps)]
    answer = _answer(words, 1, apart=_permits_namespaces())
    if _permits_namespaces():
        sent.append(answer["bytes_a_step"])
    seconds: list[float] = answer["seconds"]
    return seconds


def _alone(work: Workload, objective: str, steps: int) -> list[float]:
    """Seconds of steps of one process."""
    seconds: list[float] = _answer(_command(work, objective, steps), RANKS)["seconds"]
    return seconds


def _permits_namespaces() -> bool:
    """Whether this user may make a network namespace here."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0


def _answer(words: list[str], threads: int, *, apart: bool = False) -> dict[str, Any]:
    command = [sys.executable, *words]
    if apart:
        command = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=SECONDS
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {done.stderr.strip().splitlines()[-1:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _bytes_sent(work: Workload, objective: str) -> float:
    """Bytes that all ranks send a step by docs/scale.md: a ring's 2 (R - 1) messages of the floats summed.

    Of the softmax's negatives only the distinct ones are scored; how many is expected of the draws. A step's users have
    as many positives as users have on average, and distinct nodes are at most all.
    """
    config, graph = training_of(objective), work.graph
    if objective == "bpr":
        floats = 2.0 * config.batch_size + 1
    else:
        share = graph.users_of.counts**config.popularity_exponent
        drawn = float((1 - (1 - share / share.sum()) ** config.shared_negatives).sum())
        users = int((graph.items_of.counts > 0).sum())
        steps = -(-users // config.batch_size)
        batch, positives = users / steps, graph.num_edges / steps
        left_out = np.exp(-positives * graph.users_of.counts / graph.num_edges)
        nodes = batch + float((1 - left_out * (1 - share / share.sum()) ** config.shared_negatives).sum())
        floats = batch * drawn + positives + nodes + 1
    return 2 * (RANKS - 1) * FLOAT * floats
