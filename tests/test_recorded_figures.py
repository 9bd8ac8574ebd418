"""Figures that stand in sentences and tables written by hand: each is that of a record in benchmarks/results."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from operator import ge
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from tastegraph.studies.benchmark_records import settings_read
from tastegraph.studies.fusions import parts_of
from tastegraph.studies.known_recipes import known_recipe
from tastegraph.studies.published import PUBLISHED, table_metrics
from tastegraph.studies.recipe import Recipe, load_recipe

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "benchmarks" / "results"
NUMBERS = {12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen"}
FUSION = "lightgcn+rp3beta+chebycf"
THREE_LAYERS = "693d6633"  # the digest of model.num_layers=3 in a record's name
AIMED = {  # rows of "What was aimed at": the recipes whose figures stand there, the second blind to the order of lists
    "Gowalla, 64 dimensions": ("gowalla", "gowalla-unordered"),
    "Gowalla, any size": tuple(f"{name}-{FUSION}" for name in ("gowalla-wide", "gowalla-wide-unordered")),
    "Yelp2018, 64 dimensions": ("yelp2018", "yelp2018-unordered"),
    "Gowalla, the paper's mathematics and settings": ("gowalla-paper",),
    "Yelp2018, the paper's mathematics and settings": ("yelp2018-paper",),
    "MovieLens 1M, recall@10 / NDCG@10": ("ml-1m",),
}


def page(name: str) -> str:
    """A page's text, its lines joined."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


def record(path: str) -> dict[str, Any]:
    """A record of the benchmarks."""
    found: dict[str, Any] = json.loads((RECORDS / path).read_text(encoding="utf-8"))
    return found


def of_seeds(name: str) -> list[dict[str, Any]]:
    """The records of a recipe, by seed."""
    return [json.loads(path.read_text("utf-8")) for path in sorted((RECORDS / "accuracy").glob(f"{name}-seed-*.json"))]


def of_test(name: str, metric: str) -> str:
    """A recipe's test figure, the mean over its seeds."""
    return f"{mean(said['metrics']['test'][metric] for said in of_seeds(name)):.4f}"


def seconds(said: dict[str, Any]) -> float:
    """Of a recipe's run, all but reading the files and scoring test."""
    taken: dict[str, float] = said["seconds"]
    return taken["prepare"] + taken["train"]


def median(case: str, group: str, name: str) -> float:
    """A row's median."""
    (found,) = (row["median"] for row in record(f"{case}.json")["rows"] if (row["group"], row["name"]) == (group, name))
    return float(found)


def both(name: str) -> tuple[str, str]:
    """A recipe's recall and NDCG on test."""
    return of_test(name, "recall@20"), of_test(name, "ndcg@20")


def test_recipes_in_readme() -> None:
    readme = page("README.md")
    assert len(of_seeds("gowalla")) == len(of_seeds("ml-1m")) == 3
    took = {name: mean(map(seconds, of_seeds(name))) for name in ("ml-1m", "gowalla", "gowalla-fast")}
    assert (
        f"takes {took['ml-1m']:.0f} s to {of_test('ml-1m', 'recall@10')} recall@10 and "
        f"{of_test('ml-1m', 'ndcg@10')} NDCG@10, mean of three seeds"
    ) in readme
    ours, fast, unordered = both("gowalla"), both("gowalla-fast"), both("gowalla-unordered")
    assert (
        f"the recipe `gowalla` comes to {ours[0]} recall@20 and {ours[1]} NDCG@20 in {took['gowalla']:.0f} s on two "
        f"cores, mean of three seeds (`gowalla-fast`, of one seed, to {fast[0]} and {fast[1]} in "
        f"{took['gowalla-fast']:.0f} s)"
    ) in readme
    assert len(of_seeds("gowalla-fast")) == 1
    assert f"(`gowalla-unordered`) it comes to {unordered[0]} and {unordered[1]}" in readme
    assert "(`gowalla-paper`, over two hours) it comes to {} and {}".format(*both("gowalla-paper")) in readme
    assert f"| **{ours[0]}** (order-blind {unordered[0]}) |" in readme
    wide, yelp = (*both("gowalla-wide"), *both("gowalla-wide-unordered")), both("yelp2018") + both("yelp2018-unordered")
    assert "(`gowalla-wide`) it has {} and {}, blind {} and {}, of one seed".format(*wide) in readme
    assert "On Yelp2018 `yelp2018` comes to {} and {} (blind {} and {})".format(*yelp) in readme
    assert len(of_seeds("gowalla-wide")) == len(of_seeds("gowalla-wide-unordered")) == 1
    fused = both(f"gowalla-wide-{FUSION}") + both(f"gowalla-wide-unordered-{FUSION}")
    assert f"(`--models {FUSION}`) has {fused[0]} and {fused[1]}, blind {fused[2]} and {fused[3]}" in readme


def test_recipes_on_the_page_of_accuracy() -> None:
    told = page("docs/accuracy.md")
    for name in ("gowalla-unordered", "gowalla-wide-unordered", "yelp2018-unordered"):
        recall, ndcg = both(name)
        assert f"`{name}` ({recall[1:]} / {ndcg[1:]})" in told
    (fast,) = of_seeds("gowalla-fast")
    assert fast["metrics"]["test"]["recall@20"] > PUBLISHED["gowalla"][0].metrics["recall@20"]
    assert f"`gowalla-fast` passes the paper's .1830 within {seconds(fast):.0f} s" in told
    seeing = ("gowalla", "gowalla-wide", "yelp2018")
    fused = [f"{name}{blind}-{FUSION}" for name in seeing for blind in ("", "-unordered")]
    for name in (*fused, "gowalla-unordered-lightgcn+chebycf", "gowalla-wide-unordered-lightgcn+chebycf"):
        assert " / ".join(figure[1:] for figure in both(name)) in told, name
    for name in ("gowalla", "yelp2018"):  # the last look at test
        said = of_seeds(name)[0]["metrics"]["test"]
        assert f", {said['recall@20']:.4f} / {said['ndcg@20']:.4f}".replace("0.", ".") in told


def verdict(found: list[float], to_reach: list[float], aim: list[float]) -> str:
    """What recall and NDCG come to, held against a figure to reach and one to aim at."""
    if aim and all(map(ge, found, aim)):
        return "aim met"
    reached = tuple(map(ge, found, to_reach))
    return {(True, True): "reached", (False, True): "recall missed", (False, False): "missed"}[reached]


def came_to(name: str, to_reach: list[float], aim: list[float]) -> str:
    """A recipe's test figures and the verdict on them, as in the table."""
    found = [of_test(name, metric) for metric in table_metrics(of_seeds(name)[0]["data"])]
    shown = " / ".join(figure.removeprefix("0") for figure in found)
    return f"{shown}: {verdict(list(map(float, found)), to_reach, aim)}"


def test_what_was_aimed_at() -> None:
    table = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8").partition("### What was aimed at")[2]
    lines = [line for line in table.partition("###")[0].splitlines() if line.startswith("|")]
    rows = {what.strip(): list(map(str.strip, cells)) for what, *cells in (line[1:-1].split("|") for line in lines[2:])}
    assert rows.keys() == {"Gowalla, seconds to recall@20 .1830", *AIMED}
    for what, names in AIMED.items():
        to_reach, aim = ([float(figure) for figure in re.findall(r"\.\d{4}", cell)] for cell in rows[what][:2])
        for name, cell in zip(names, rows[what][2:], strict=False):
            if not of_seeds(name):
                three = came_to(f"{name}-{THREE_LAYERS}", to_reach, aim).replace(":", " with three layers:")
                assert cell == f"not run to the end yet; {three}"
                continue
            assert cell.startswith(came_to(name, to_reach, aim)), what


@pytest.mark.parametrize("path", sorted((RECORDS / "accuracy").glob("*-seed-*.json")), ids=lambda path: path.stem)
def test_a_record_is_of_the_recipe_that_comes_along(path: Path) -> None:
    said = json.loads(path.read_text("utf-8"))
    if "missing" in said:
        pytest.skip("it was not run")
    model, seed = said["model"], f"{said['seed']}"
    told = load_recipe(known_recipe(said["name"]), [*said.get("changed", []), f"training.seed={seed}"])
    for part in parts_of(model):
        if "seed" in said["recipe"].get("models", {}).get(part, {}):
            told = told.with_keys({f"models.{part}.seed": said["seed"]})
    trees = said["recipe"], told.model_dump(mode="json")
    own, today = (Recipe.model_validate(settings_read({**said, "recipe": tree})) for tree in trees)
    assert own == today  # a setting younger than the record is at its default


def test_published_figures_in_readme() -> None:
    for data in ("gowalla", "yelp2018"):
        paper, *others = (row.metrics for row in PUBLISHED[data])
        highest = [max(row[metric] for row in (paper, *others)) for metric in ("recall@20", "ndcg@20")]
        assert (
            f"the LightGCN paper has {paper['recall@20']:.4f} and {paper['ndcg@20']:.4f} and the highest published "
            f"figures are {highest[0]:.4f} and {highest[1]:.4f}"
        ) in page("README.md")


def test_comparisons_in_readme() -> None:
    readme = page("README.md")
    of_100k, of_1m = (record(f"comparisons/{name}.json")["models"] for name in ("ml-100k", "ml-1m"))

    def figure(models: dict[str, Any], name: str, metric: str) -> str:
        return f"{models[name]['metrics']['test'][metric]:.4f}"

    def behind(models: dict[str, Any], metric: str, *names: str) -> bool:
        return not any(models[name]["versus"][metric]["tied"] for name in names)

    assert f"({figure(of_100k, 'lightgcn', 'ndcg@10')}; EASE {figure(of_100k, 'ease', 'ndcg@10')})" in readme
    assert behind(of_100k, "ndcg@10", "ease", "als", "bpr")
    assert not behind(of_100k, "ndcg@10", "slim")
    assert f"ahead of all {NUMBERS[len(of_1m) - 1]} at recall@20 ({figure(of_1m, 'lightgcn', 'recall@20')})" in readme
    assert behind(of_1m, "recall@20", *(of_1m.keys() - {"lightgcn"}))
    assert f"({figure(of_1m, 'lightgcn', 'ndcg@10')}; EASE {figure(of_1m, 'ease', 'ndcg@10')})" in readme
    assert not behind(of_1m, "ndcg@10", "lightgcn", "ease")
    fused = record("comparisons/ml-1m-fusion.json")["models"]
    assert f"(`lightgcn+ease`, {figure(fused, 'lightgcn+ease', 'ndcg@10')}) is ahead of both" in readme
    assert behind(fused, "ndcg@10", "lightgcn", "ease")
    assert all(figure(fused, name, "ndcg@10") == figure(of_1m, name, "ndcg@10") for name in ("lightgcn", "ease"))


def test_gowallas_accuracy_against_seconds() -> None:
    def told(point: dict[str, Any]) -> str:
        return f"{point['value']:.4f}".lstrip("0") + f" in {point['seconds']:.0f} s"

    points = record("frontier/gowalla.json")["points"]
    section = page("docs/accuracy.md").partition("Gowalla, on the last three tenths (`python -m benchmarks.frontier")[2]
    for model, words, end in (("LightGCN", "has NDCG@20", "; "), ("LightGCN, blind to order", "it has", ": after")):
        stops = [told(stop) + f" ({stop['stage']})" for stop in points if stop["model"] == model]
        assert f"{words} {', '.join(stops)}{end}" in section
    others = {point["model"]: told(point) for point in points if point["stage"] == ""}
    assert all(f"{name} {figures}" in section for name, figures in others.items() if name != "Popularity")


def test_speed_in_readme() -> None:
    def row(case: str, group: str, shown: dict[str, str]) -> str:
        return " | ".join(cell.format(median(case, group, name)) for name, cell in shown.items())

    step = {
        "ours, float16": "**{:.0f} ms**",
        "textbook (COO, autograd, Adam)": "{:.0f} ms",
        "RecBole LightGCN": "{:.0f} ms",
        "PyG LightGCN, its example": "{:,.0f} ms",
    }
    epoch = {
        "ours": "**{:.1f} s**",
        "textbook": "{:.0f} s",
        "RecBole LightGCN": "{:.0f} s",
        "PyG LightGCN, its example": "{:.0f} s",
    }
    readme = page("README.md")
    assert f"| a training step on Gowalla, two cores | {row('step', 'gowalla', step)} |" in readme
    assert f"| an epoch of MovieLens 1M, two cores | {row('epoch', 'ml-1m', epoch)} |" in readme


def test_halves_in_readme() -> None:
    (note,) = record("precision.json")["notes"]
    means = [float(note.partition(f"{kind} ")[2].split()[0].rstrip(";")) for kind in ("float32", "float16")]
    assert abs(means[0] - means[1]) < 0.0001
    assert "test NDCG@20 on MovieLens 1M by less than 0.0001 over five seeds" in page("README.md")


def test_an_epoch_of_a_hundred_million_edges_in_readme() -> None:
    said = record("scale/size-100000000.json")["figures"]
    steps, a_step = -(-said["edges"] // said["batch"]), mean(said["step"]["wall"])
    told = f"{steps} steps of {a_step:.1f} s, takes {steps * a_step / 3600:.1f} hours"
    assert f"An epoch of a hundred million edges, {told}" in page("README.md")


@pytest.mark.parametrize(("name", "table"), [("README.md", "run"), ("docs/reliability.md", "memory")])
def test_tables_of_whole_runs_are_those_of_the_records(name: str, table: str) -> None:
    expression = {"run": "accuracy_of('ml-1m')", "memory": "memory_table()"}[table]
    code = f"from benchmarks.whole_runs import accuracy_of, memory_table; print({expression}, end='')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    text = (ROOT / name).read_text(encoding="utf-8")
    assert f"<!-- {table}: begin -->\n\n{done.stdout}\n\n<!-- {table}: end -->" in text


def test_the_table_of_own_data_is_that_of_the_records() -> None:
    code = "from benchmarks.own_data import own_data_table; print(own_data_table(), end='')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    text = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8")
    assert f"<!-- own data: begin -->\n\n{done.stdout}\n\n<!-- own data: end -->" in text


def test_the_general_recipe_is_faster_and_better_than_the_defaults() -> None:
    records = [json.loads(path.read_text("utf-8")) for path in sorted((RECORDS / "own-data").glob("set-*.json"))]
    assert len(records) >= 6
    for said in records:
        defaults, general = (said["figures"]["models"][name] for name in ("defaults", "lightgcn"))
        assert general["seconds"] < defaults["seconds"], said["on"]
        for metric in ("ndcg@10", "recall@20"):
            assert general[metric] > defaults[metric], said["on"]


def test_readme_shows_what_quickstart_printed() -> None:
    printed = (RECORDS / "runs" / "quickstart.txt").read_text(encoding="utf-8")
    assert f"```text\n$ make quickstart\n{printed}```\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_whole_runs_took_about_what_was_told() -> None:
    figures = [json.loads(path.read_text("utf-8"))["figures"] for path in (RECORDS / "runs").glob("run-*.json")]
    assert len(figures) >= 3
    for got in figures:
        assert 2 / 3 < got["needed"] / got["peak"] < 4 / 3


def test_targets_in_scale() -> None:
    scale = page("docs/scale.md")
    at = {edges: record(f"scale/size-{edges}.json")["figures"] for edges in (10**6, 10**7, 10**8)}
    assert f"| 20 GiB | {at[10**8]['peak_mb'] * 1e6 / (1 << 30):.1f} GiB |" in scale
    an_edge = {edges: min(said["layer"]["processors"]) / said["edges"] for edges, said in at.items()}
    by_linear = [an_edge[edges] / an_edge[10**6] for edges in (10**7, 10**8)]
    assert f"| 2 times | {by_linear[0]:.2f} at $10^7$, {by_linear[1]:.2f} at $10^8$ |" in scale
    speed, sent, softmax_speed, softmax_sent = (target["measured"] for target in record("ranks.json")["targets"])
    assert f"| as fast | {speed:.2f}, {softmax_speed:.2f} |" in scale
    assert f"| within 10 % | {100 * sent:.1f} %, {100 * softmax_sent:.1f} % |" in scale
