"""The known data sets: where each comes from, what its files are, and how to know that they are the right ones."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CATALOG", "KnownDataset", "Source", "meant_by"]


@dataclass(frozen=True)
class Source:
    """One place that a data set can be had from. Digests are hexadecimal: 64 digits of SHA-256, or 32 of MD5.

    Attributes:
        kind: "archive" (a zip), "files" (one address a file) or "wheel" (a zip that pip downloads).
        address: URL of the archive, URL of the folder of the files, or the requirement for pip.
        files: path of each file inside the archive or folder, and its digest; None where none was ever published: such
            a file is vouched for by the archive's digest and the data set's counts. It is stored under its last name.
        optional: the same for files that are taken where they are there.
        digest: digest of the archive or wheel itself, or None where none was published.
        checked: what of these digests was checked against real files, in words.
    """

    kind: str
    address: str
    files: Mapping[str, str | None]
    optional: Mapping[str, str | None] = field(default_factory=dict)
    digest: str | None = None
    checked: str = ""


@dataclass(frozen=True)
class KnownDataset:
    """A data set that can be named instead of a path.

    Attributes:
        name: what it is called on the command line.
        title: one line about it.
        users, items, interactions: published counts (items: rated ones); a data set whose files have no digest is
            refused where it differs.
        licence: what may be done with it.
        citation: the work to cite.
        sources: places to get it from, in the order they are tried.
        layout: how its files are laid out.
    """

    name: str
    title: str
    users: int
    items: int
    interactions: int
    licence: str
    citation: str
    sources: tuple[Source, ...] = field(repr=False)
    layout: str = ""


_GROUPLENS = "https://files.grouplens.org/datasets/movielens"
_MOVIELENS_LICENCE = "research use; no redistribution, no commercial use without GroupLens' permission"
_MOVIELENS_CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. The MovieLens Datasets: History and Context. ACM TiiS 5(4), 2015."
)
_LIGHTGCN_CITATION = (
    "Xiangnan He, Kuan Deng, Xiang Wang, Yan Li, Yongdong Zhang, Meng Wang. LightGCN. SIGIR 2020 (its published split)."
)
_LIGHTGCN_DATA = "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data"

_CSV_LAYOUT = "MovieLens CSV: ratings.csv, movies.csv"
_SPLIT_LAYOUT = "published split: train.txt, test.txt, a line a user"
_PUBLISHED = "nothing; MD5 as GroupLens publishes them"
_FILES_AND_PUBLISHED = "files: against real files; archive: MD5 as GroupLens publishes it"


def _csv_archive(name: str, digest: str) -> Source:
    """A MovieLens archive whose files have no published digests of their own."""
    files = {f"{name}/ratings.csv": None, f"{name}/movies.csv": None}
    return Source("archive", f"{_GROUPLENS}/{name}.zip", files, digest=digest, checked=_PUBLISHED)


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
                optional={
                    "ml-100k/u1.base": "ce253ec86c448b44fb3ba9a30d12dcfc2e9210cbde71efada3730c22e9ac212a",
                    "ml-100k/u1.test": "18c6014a4b2c7324f250a63f8904a7b16b2b19f911129e346141507b0cbac950",
                    "ml-100k/u2.base": "6c06f0b5df4b256da1a994f3ac66edc8da4d3f09bc9282df6b14d893366d703e",
                    "ml-100k/u2.test": "4de658d1e04ed9104629509a2e2528fce833ac8e048280183f1df167632038c3",
                    "ml-100k/u3.base": "afdc155c291c6edc41c0407e39d7462eb98d341e064f0b0a12175b80b3c4af5d",
                    "ml-100k/u3.test": "0f548b51c78327de4c156461d3e430b7e5579fe2b5681586a59416e48fd35f6d",
                    "ml-100k/u4.base": "219f0f4d40dfe9c5141d425f53fa91ee23ed275f14e280bbf1b50117afb064ca",
                    "ml-100k/u4.test": "7c02ad0a1e7ab1083c8b9d4b627203a051dd7b5eab46d99fa44de33470de8db9",
                    "ml-100k/u5.base": "a9574e59ce961eec2121627760b6e9b0974ce1637b3fe69ac32cb14a4bfab485",
                    "ml-100k/u5.test": "351cc52e0d15b6c721466276fc24671d40936899e3d01fadeaf312915b8c5634",
                    "ml-100k/ua.base": "67b5bcdb380c29f85d56a012ecd88612ae020f30a6730d117a334ee8203b91f2",
                    "ml-100k/ua.test": "d0497e202417720f57a184ec8c66be2d1afa4ff41bb53787c57b28d6bf79bc42",
                    "ml-100k/ub.base": "237254d253b6ad7de84f919d041055428646254f34ed8f562703c899430cd881",
                    "ml-100k/ub.test": "d54a72d05730d5892062734b2bec73e976f9b713d18c828a18b968d6cce442da",
                },
                digest="0e33842e24a9c977be4e0107933c0723",
                checked=_FILES_AND_PUBLISHED,
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
                digest="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
                checked="all, against the real wheel",
            ),
        ),
        layout="MovieLens 100K: u.data, u.item, u.user, u.genre, folds u1 to u5, ua, ub; or RecBole's atomic files",
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
                digest="c4d9eecfca2ab87c1945afe126590906",
                checked=_FILES_AND_PUBLISHED,
            ),
        ),
        layout="MovieLens 1M: ratings.dat, movies.dat (latin-1), users.dat, ::-separated",
    ),
    KnownDataset(
        "ml-10m",
        "MovieLens 10M (2009): ratings 0.5 to 5 in halves, films",
        69_878,
        10_677,
        10_000_054,
        _MOVIELENS_LICENCE,
        _MOVIELENS_CITATION,
        (
            Source(
                "archive",
                f"{_GROUPLENS}/ml-10m.zip",
                {"ml-10M100K/ratings.dat": None, "ml-10M100K/movies.dat": None},
                digest="ce571fd55effeba0271552578f2648bd",
                checked=_PUBLISHED,
            ),
        ),
        layout="as MovieLens 1M, without users.dat; movies.dat in UTF-8",
    ),
    KnownDataset(
        "ml-20m",
        "MovieLens 20M (2015): ratings 0.5 to 5 in halves, films",
        138_493,
        26_744,
        20_000_263,
        _MOVIELENS_LICENCE,
        _MOVIELENS_CITATION,
        (_csv_archive("ml-20m", "cd245b17a1ae2cc31bb14903e1204af3"),),
        layout=_CSV_LAYOUT,
    ),
    KnownDataset(
        "ml-25m",
        "MovieLens 25M (2019): ratings 0.5 to 5 in halves, films",
        162_541,
        59_047,
        25_000_095,
        _MOVIELENS_LICENCE,
        _MOVIELENS_CITATION,
        (_csv_archive("ml-25m", "6b51fb2759a8657d3bfcbfc42b592ada"),),
        layout=_CSV_LAYOUT,
    ),
    KnownDataset(
        "ml-32m",
        "MovieLens 32M (2024): ratings 0.5 to 5 in halves, films",
        200_948,
        84_432,
        32_000_204,
        _MOVIELENS_LICENCE,
        _MOVIELENS_CITATION,
        (
            Source(
                "archive",
                f"{_GROUPLENS}/ml-32m.zip",
                {
                    "ml-32m/ratings.csv": "cf12b74f9ad4b94a011f079e26d4270a",
                    "ml-32m/movies.csv": "0df90835c19151f9d819d0822e190797",
                },
                digest="d472be332d4daa821edc399621853b57",
                checked=_PUBLISHED,
            ),
        ),
        layout=_CSV_LAYOUT,
    ),
    KnownDataset(
        "ml-latest-small",
        "MovieLens latest small (September 2018): ratings 0.5 to 5 in halves, films",
        610,
        9_724,
        100_836,
        "research use; redistribution under the same terms; no commercial use without GroupLens' permission",
        _MOVIELENS_CITATION,
        (
            Source(
                "archive",
                f"{_GROUPLENS}/ml-latest-small.zip",
                {
                    "ml-latest-small/movies.csv": "5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07",
                    "ml-latest-small/ratings.csv": "aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646",
                },
                checked="files: against real files; archive: none is published, since GroupLens may renew it",
            ),
        ),
        layout=_CSV_LAYOUT,
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
                checked="files: against real files",
            ),
        ),
        layout=_SPLIT_LAYOUT,
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
                checked="files: against real files",
            ),
        ),
        layout=_SPLIT_LAYOUT,
    ),
    KnownDataset(
        "amazon-book",
        "Amazon book reviews, LightGCN's split: who read what",
        52_643,
        91_599,
        2_984_108,
        "none stated; reviews by J. McAuley (https://cseweb.ucsd.edu/~jmcauley/datasets.html)",
        _LIGHTGCN_CITATION,
        (
            Source(
                "files",
                f"{_LIGHTGCN_DATA}/amazon-book",
                {"train.txt": "c916ecac04ca72300a016228258b41ed", "test.txt": "30f8ccfea18d25007ba9fb9aba4e174d"},
                checked="nothing; MD5 as RecZoo publishes them for this split (AmazonBooks_m1)",
            ),
        ),
        layout=_SPLIT_LAYOUT,
    ),
)

CATALOG: Mapping[str, KnownDataset] = {known.name: known for known in _KNOWN}


def meant_by(name: str) -> str:
    """The end of a message about an unknown name: the known one that it is most like, where it is like one."""
    near = difflib.get_close_matches(name, CATALOG, n=1)
    return f"; did you mean {near[0]}?" if near else ""
