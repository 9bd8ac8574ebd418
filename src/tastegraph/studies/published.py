"""Figures that others published for LightGCN and its rivals, with where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PUBLISHED", "Published", "table_metrics"]


@dataclass(frozen=True)
class Published:
    """What a method came to, as published.

    Attributes:
        method: its name.
        metrics: test figures by metric name.
        source: where they stand.
    """

    method: str
    metrics: Mapping[str, float]
    source: str


def _at_20(method: str, recall: float, ndcg: float, source: str) -> Published:
    return Published(method, {"recall@20": recall, "ndcg@20": ndcg}, source)


def _at_10(method: str, recall: float, ndcg: float) -> Published:
    return Published(method, {"recall@10": recall, "ndcg@10": ndcg}, "RecBole-GNN's table of ML-1M")


# Gowalla, Yelp2018 and Amazon-Book are LightGCN's own splits; the literature picks the best epoch on test.
PUBLISHED: Mapping[str, tuple[Published, ...]] = {
    "gowalla": (
        _at_20("LightGCN, paper", 0.1830, 0.1554, "arXiv 2002.02126; RecZoo's UltraGCN README"),
        _at_20("LightGCN, its authors' program, 3 layers", 0.1824, 0.1547, "LightGCN-PyTorch README"),
        _at_20("LightGCN, its authors' program, 4 layers", 0.1825, 0.1537, "LightGCN-PyTorch README"),
        _at_20("UltraGCN", 0.1862, 0.1580, "UltraGCN README"),
        _at_20("SimpleX", 0.1872, 0.1557, "RecZoo"),
        _at_20("softmax, LightGCN", 0.1874, 0.1571, "logs of junkangwu/BSL"),
        _at_20("BSL, LightGCN", 0.1892, 0.1590, "logs of junkangwu/BSL"),
        _at_20("Adap-tau, LightGCN", 0.1901, 0.1590, "logs of junkangwu/Adap_tau"),
        _at_20("NESCL", 0.1917, 0.1617, "NESCL README"),
        _at_20("EASE", 0.1765, 0.1467, "BARS"),
        _at_20("SLIM", 0.1699, 0.1382, "BARS"),
        _at_20("GF-CF, closed form", 0.1849, 0.1518, "BARS"),
        _at_20("BSPM, closed form", 0.1920, 0.1597, "its paper"),
        _at_20("ChebyCF, closed form", 0.1941, 0.1616, "ChebyCF README"),
    ),
    "yelp2018": (
        _at_20("LightGCN, paper", 0.0649, 0.0530, "arXiv 2002.02126; RecZoo's UltraGCN README"),
        _at_20("LightGCN, its authors' program, 3 layers", 0.0635, 0.0524, "LightGCN-PyTorch README"),
        _at_20("LightGCN, its authors' program, 4 layers", 0.0652, 0.0533, "LightGCN-PyTorch README"),
        _at_20("UltraGCN", 0.0683, 0.0561, "UltraGCN README"),
        _at_20("SimpleX", 0.0701, 0.0575, "RecZoo"),
        _at_20("SimGCL", 0.0721, 0.0601, "SELFRec README"),
        _at_20("XSimGCL", 0.0723, 0.0604, "SELFRec README"),
        _at_20("NESCL", 0.0743, 0.0611, "NESCL README"),
        _at_20("Adap-tau, LightGCN", 0.0732, 0.0610, "logs of junkangwu/Adap_tau"),
        _at_20("softmax, LightGCN", 0.0736, 0.0612, "logs of junkangwu/BSL"),
        _at_20("BSL, LightGCN", 0.0744, 0.0617, "logs of junkangwu/BSL"),
        _at_20("EASE", 0.0657, 0.0552, "BARS"),
        _at_20("SLIM", 0.0646, 0.0541, "BARS"),
        _at_20("GF-CF, closed form", 0.0697, 0.0571, "BARS"),
        _at_20("BSPM, closed form", 0.0720, 0.0593, "its paper"),
    ),
    "amazon-book": (
        _at_20("LightGCN, paper", 0.0411, 0.0315, "arXiv 2002.02126; RecZoo's UltraGCN README"),
        _at_20("UltraGCN", 0.0681, 0.0556, "UltraGCN README"),
        _at_20("SimpleX", 0.0583, 0.0468, "RecZoo"),
        _at_20("Adap-tau, LightGCN", 0.0612, 0.0490, "logs of junkangwu/Adap_tau"),
        _at_20("EASE", 0.0710, 0.0567, "BARS"),
        _at_20("SLIM", 0.0755, 0.0602, "BARS"),
        _at_20("GF-CF, closed form", 0.0710, 0.0584, "BARS"),
        _at_20("BSPM, closed form", 0.0733, 0.0609, "its paper"),
        _at_20("ChebyCF, closed form", 0.0738, 0.0613, "ChebyCF README"),
    ),
    "ml-1m": (
        _at_10("BPR", 0.1776, 0.2401),
        _at_10("NGCF", 0.1814, 0.2508),
        _at_10("LightGCN", 0.1861, 0.2538),
        _at_10("SGL", 0.1889, 0.2505),
        _at_10("NCL", 0.2021, 0.2702),
        _at_10("SimGCL", 0.2029, 0.2667),
        _at_10("XSimGCL", 0.2116, 0.2750),
    ),
}


def table_metrics(data: str) -> tuple[str, ...]:
    """The metrics that a data set's table shows: those of what is published for it, else recall@10 and NDCG@10."""
    published = PUBLISHED.get(data)
    return tuple(published[0].metrics) if published else ("recall@10", "ndcg@10")
