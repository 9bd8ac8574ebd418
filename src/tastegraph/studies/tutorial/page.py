"""The page and the report of the tutorial's experiments, made of records: Markdown, and HTML of one file."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from tastegraph.studies.plots import INK, figure_of, svg_of
from tastegraph.studies.tutorial.curves import plot_curves
from tastegraph.studies.tutorial.findings import findings
from tastegraph.studies.tutorial.sections import sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tastegraph.studies.tutorial.results import Results
    from tastegraph.studies.tutorial.sections import Section

__all__ = ["BEGIN", "END", "figures_of", "to_html", "to_markdown"]

BEGIN, END = "<!-- tutorial: begin -->", "<!-- tutorial: end -->"


def to_markdown(results: Results) -> str:
    """Findings, then tables; what stands between a page's comments."""
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    yield _summary(results)
    yield ""
    yield "### Findings"
    yield ""
    for title, text in findings(results):
        yield f"**{title}.** {text}"
        yield ""
    yield "### Tables"
    yield ""
    for section in sections(results):
        yield f"#### {section.title}"
        yield ""
        yield section.text
        yield ""
        yield f"| {' | '.join(section.header)} |"
        yield f"|---|{'---:|' * (len(section.header) - 1)}"
        for row in section.rows:
            yield f"| {' | '.join(row)} |"
        yield ""


def _summary(results: Results) -> str:
    """What the records are of."""
    seeds = ", ".join(map(str, results.seeds))
    counts = [
        f"{scale.title}: {len(results.runs(scale.lightgcn()))} seeds, {scale.epochs} epochs at n = 20"
        for scale in results.scales
    ]
    first = results.records[0]
    packages = ", ".join(f"{name} {number}" for name, number in first.environment["packages"].items())
    return (
        f"{len(results.records)} runs; seeds {seeds} ({'; '.join(counts)}). Code {first.code[:12]}, data "
        f"{first.data[:12]}; Python {first.environment['python']}, {packages}. ± is half of a 95 % interval over "
        "seeds (Student's t); a figure without it is of one seed. Epochs are those chosen by `tutorial` and by "
        "`full-ranking`, means over the seeds."
    )


def figures_of(results: Results) -> dict[str, str]:
    """Pictures by name: an <svg> element each."""
    found: dict[str, str] = {}
    for scale in results.scales:
        if scale.num_users is None:
            continue
        for against in ("epoch", "seconds"):
            picture = plot_curves(results, scale, against)
            found |= {f"curves-by-{against}": picture} if picture is not None else {}
    return found


def to_html(results: Results, pictures: Mapping[str, str]) -> str:
    """The same with the pictures of `figures_of`, as one self-contained page."""
    from jinja2 import Environment, StrictUndefined

    template = files("tastegraph.studies.tutorial").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        summary=_summary(results),
        findings=findings(results),
        pictures=pictures,
        sections=[(section, _bars(section)) for section in sections(results)],
    )


def _bars(section: Section) -> str | None:
    """Test P@10 and NDCG@10 of a section's rows with their intervals, side by side; an <svg> element."""
    if not {"P@10", "NDCG@10"} <= set(section.header):
        return None
    at = {name: section.header.index(name) for name in ("P@10", "NDCG@10")}
    figure, panels = figure_of(2, height=max(2.0, 0.3 * len(section.rows) + 0.9), width=10.0)
    labels = [row[0] for row in section.rows][::-1]
    for axes, (name, column) in zip(panels, at.items(), strict=True):
        cells = [row[column].split(" ±") for row in section.rows][::-1]
        errors = [float(cell[1]) if len(cell) > 1 else 0.0 for cell in cells]
        axes.barh(labels, [float(cell[0]) for cell in cells], xerr=errors, color="#9db8d9", ecolor=INK)
        axes.set(title=f"{name}, {'tutorial' if name == 'P@10' else 'full-ranking'}")
    return svg_of(figure)
