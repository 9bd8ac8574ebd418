"""Requests a second to the service and how long they take, by wrk on the same machine; memory over 10^5 requests."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.record import Measured, Row, Target
from tastegraph.saved_model import SavedModel

if TYPE_CHECKING:
    from benchmarks.settings import Settings

KNOWN, FOLDED = "lists of known users", "lists from 20 likes"
CONNECTIONS, SECONDS, QUICK_SECONDS = 8, 10, 1
REQUESTS = 100_000
LEAST = {KNOWN: 1_000, FOLDED: 500}
LONGEST = {KNOWN: 20, FOLDED: 40}  # ms
MOST_GROWTH = 1.05
NOTE = (
    f"One process and the generator on the same two cores; {CONNECTIONS} connections ask again as soon as they are "
    "answered. Lists have ten places with reasons. Known users are asked for at random: lists are made at first "
    "and found at hand later; likes are random. Logs are written, and a high rate limit is counted. Memory is the "
    "process' resident memory after 10^5 requests by that after half of them."
)
SCRIPT = """
math.randomseed(1)
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
request = function()
  local it = bodies[math.random(1, #bodies)]
  if "%s" == "GET" then return wrk.format("GET", it) end
  return wrk.format("POST", "/api/v1/recommendations", {["Content-Type"] = "application/json"}, it)
end
done = function(summary, latency)
  local errors = summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect
  io.write(string.format('{"requests": %%d, "us": %%d, "errors": %%d, "p50": %%d, "p99": %%d}\\n', summary.requests,
    summary.duration, errors, latency:percentile(50), latency:percentile(99)))
end
"""


def run(settings: Settings) -> Measured:
    """Train a run of ml-1m (ml-100k where quick), serve it and ask."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("this case needs wrk (Debian: apt-get install wrk)")
    name = "ml-100k" if settings.quick else "ml-1m"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        words = ["train", name, "--recipe", name, "--out", str(folder / "run"), "--json"]
        subprocess.run([sys.executable, "-m", "tastegraph", *words], check=True, stdout=subprocess.DEVNULL)
        _write_requests(SavedModel.load(folder / "run" / "model"), folder)
        return _measure(wrk, folder, name, QUICK_SECONDS if settings.quick else SECONDS, settings)


def _write_requests(model: SavedModel, folder: Path) -> None:
    rng = np.random.default_rng(0)
    users = [f"/api/v1/users/{user}/recommendations" for user in model.users.ids]
    items = np.array(model.items.ids.to_list())
    draws = (rng.choice(items, 20, replace=False).tolist() for _ in range(20_000))
    (folder / "GET.txt").write_text("\n".join(users), encoding="utf-8")
    (folder / "POST.txt").write_text("\n".join(json.dumps({"likes": likes}) for likes in draws), encoding="utf-8")
    for method in ("GET", "POST"):
        (folder / f"{method}.lua").write_text(SCRIPT % (folder / f"{method}.txt", method), encoding="utf-8")


def _measure(wrk: str, folder: Path, name: str, seconds: int, settings: Settings) -> Measured:
    words = ["serve", str(folder / "run"), "--port", "0", "--rate", "1000000", "--feedback", str(folder / "kept.db")]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, "-m", "tastegraph", *words], stderr=log)
    try:
        url = _url(folder / "log", process)
        found: dict[str, list[dict[str, float]]] = {KNOWN: [], FOLDED: []}
        asked, memory = 0.0, []
        while asked < (1 if settings.quick else REQUESTS) or len(found[KNOWN]) < settings.rounds // 2:
            for what, method in ((KNOWN, "GET"), (FOLDED, "POST")):
                found[what].append(_asked(wrk, url, folder / f"{method}.lua", seconds))
                asked += found[what][-1]["requests"]
            memory.append(_resident(process.pid))
    finally:
        process.terminate()
        process.wait()
    rows = [row for what, answers in found.items() for row in _rows(f"{name}: {what}", answers)]
    return Measured(rows=tuple(rows), targets=_targets(found, memory), workloads={}, notes=(NOTE,))


def _url(log: Path, process: subprocess.Popen[bytes]) -> str:
    while process.poll() is None:
        if found := re.search(r"http://\S+?(?=/ )", log.read_text(encoding="utf-8")):
            return found[0]
    raise RuntimeError(log.read_text(encoding="utf-8"))


def _asked(wrk: str, url: str, script: Path, seconds: int) -> dict[str, float]:
    words = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if told["errors"]:
        raise RuntimeError(f"{told['errors']:.0f} requests were not answered with 200")
    return told


def _rows(group: str, answers: list[dict[str, float]]) -> list[Row]:
    figures = {
        "requests a second": ([answer["requests"] / answer["us"] * 1e6 for answer in answers], "/s"),
        "p50": ([answer["p50"] / 1e3 for answer in answers], "ms"),
        "p99": ([answer["p99"] / 1e3 for answer in answers], "ms"),
    }
    return [
        Row(
            group=group, name=name, median=float(np.median(of)), min=min(of), max=max(of), unit=unit, runs=len(of),
            ratio_to_ours=None,
        )
        for name, (of, unit) in figures.items()
    ]  # fmt: skip


def _targets(found: dict[str, list[dict[str, float]]], memory: list[float]) -> tuple[Target, ...]:
    targets = []
    for what, answers in found.items():
        rate = float(np.median([answer["requests"] / answer["us"] * 1e6 for answer in answers]))
        slow = float(np.median([answer["p99"] / 1e3 for answer in answers]))
        targets += [
            Target(what=f"requests a second, {what}", comparison=">=", bound=LEAST[what], measured=rate),
            Target(what=f"ms at the 99th percentile, {what}", comparison="<=", bound=LONGEST[what], measured=slow),
        ]
    growth = memory[-1] / memory[len(memory) // 2]
    what = "times the memory after half of the requests"
    return (*targets, Target(what=what, comparison="<=", bound=MOST_GROWTH, measured=growth))


def _resident(process: int) -> float:
    """MB of resident memory."""
    told = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return float(told.split("VmRSS:")[1].split()[0]) / 1024
