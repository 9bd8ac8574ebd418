"""The known data sets: where each comes from, what its files are, and how to know that they are the right ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CATALOG", "KnownDataset", "Source"]


@dataclass(frozen=True)
class Source:
    """One place that a data set can be had from.

    Attributes:
        kind: "archive" (a zip), "files" (one address a file) or "wheel" (a zip that pip downloads).
        address: URL of the archive, URL of the folder of the files, or the requirement for pip.
        files: path of each file inside the archive or folder, and its SHA-256; it is stored under its last name.
        sha256: digest of the archive or wheel itself, where it was checked against a real one.
    """

    kind: str
    address: str
    files: Mapping[str, str]
    sha256: str | None = None


@dataclass(frozen=True)
class KnownDataset:
    """A data set that can be named instead of a path.

    Attributes:
        name: what it is called on the command line.
        title: one line about it.
        users, items, interactions: expected counts (items: rated ones).
        licence: what may be done with it.
        citation: the work to cite.
        sources: places to get it from, in the order they are tried.
    """

    name: str
    title: str
    users: int
    items: int
    interactions: int
    licence: str
    citation: str
    sources: tuple[Source, ...] = field(repr=False)


_GROUPLENS = "https://files.grouplens.org/datasets/movielens"
_MOVIELENS_LICENCE = "research use; no redistribution, no commercial use without GroupLens' permission"
_MOVIELENS_CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. The MovieLens Datasets: History and Context. ACM TiiS 5(4), 2015."
)
_LIGHTGCN_CITATION = (
    "Xiangnan He, Kuan Deng, Xiang Wang, Yan Li, Yongdong Zhang, Meng Wang. LightGCN. SIGIR 2020 (its published split)."
)
_LIGHTGCN_DATA = "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data"

_KNOWN = (
    KnownDataset(
        "ml-100k",
        "MovieLens 100K (1998): ratings 1 to 5, films and people",
        943,
        1_682,
        100_000,
        _MOVIELENS_LICENCE,
        _MOVIELENS_CITATION,
        (
            Source(
                "archive",
                f"{_GROUPLENS}/ml-100k.zip",
                {
                    "ml-100k/u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
                    "ml-100k/u.genre": "9757e0d3e6b298159a80dd48eaf938114690e911e39af97a76949ef1663610bb",
                    "ml-100k/u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
                    "ml-100k/u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
                },
            ),
            Source(
                "wheel",
                "recbole==1.2.1",
                {
                    "recbole/dataset_example/ml-100k/ml-100k.inter": (
                        "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff"
                    ),
                    "recbole/dataset_example/ml-100k/ml-100k.item": (
                        "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532"
                    ),
                    "recbole/dataset_example/ml-100k/ml-100k.user": (
                        "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972"
                    ),
                },
                sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
            ),
        ),
    ),
    KnownDataset(
        "ml-1m",
        "MovieLens 1M (2003): ratings 1 to 5, films and people",
        6_040,
        3_706,
        1_000_209,
        _MOVIELENS_LICENCE,
        _MOVIELENS_CITATION,
        (
            Source(
                "archive",
                f"{_GROUPLENS}/ml-1m.zip",
                {
                    "ml-1m/movies.dat": "0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9",
                    "ml-1m/ratings.dat": "506d64ca44484487c11dc2d9a28de5c54948213e6b96285e298afe28d6ea4e0f",
                    "ml-1m/users.dat": "1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3",
                },
            ),
        ),
    ),
    KnownDataset(
        "gowalla",
        "Gowalla check-ins, LightGCN's split: who went where",
        29_858,
        40_981,
        1_027_370,
        "none stated; check-ins by SNAP (https://snap.stanford.edu/data/loc-Gowalla.html)",
        _LIGHTGCN_CITATION,
        (
            Source(
                "files",
                f"{_LIGHTGCN_DATA}/gowalla",
                {
                    "train.txt": "7244696fdeb23911319cf7b689f2e15a3c4c92549c873a5677b44e3f13cc3e62",
                    "test.txt": "099a2a73924e4b754dc6efd730d764f492321b53c38eb93298850c83acf57be3",
                },
            ),
        ),
    ),
    KnownDataset(
        "yelp2018",
        "Yelp 2018 reviews, LightGCN's split: who went where",
        31_668,
        38_048,
        1_561_406,
        "none stated; Yelp's data set terms",
        _LIGHTGCN_CITATION,
        (
            Source(
                "files",
                f"{_LIGHTGCN_DATA}/yelp2018",
                {
                    "train.txt": "1e9568725a9e833d0ac3bae01c94cd95367f73b3bb6104fd26b5f65ea5054093",
                    "test.txt": "9cd9b37926cd1447a06625ffa7914527573fb097c10cb0bbdb1d1b8ded3742fe",
                },
            ),
        ),
    ),
)

CATALOG: Mapping[str, KnownDataset] = {known.name: known for known in _KNOWN}
