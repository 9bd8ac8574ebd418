"""Divide a data set's positives as a recipe says: the parts that the source gives, or a method of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tastegraph.data.cleaning import moment
from tastegraph.data.columns import Columns
from tastegraph.data.counted import counted
from tastegraph.data.delimited import read_columns
from tastegraph.data.split_methods import (
    FIT,
    TEST,
    VALIDATION,
    cuts_by_share,
    folds_split,
    leave_one_out,
    order_split,
    ratio_split,
    time_split,
    user_time_split,
)
from tastegraph.data.splits import digest_in, read_parts
from tastegraph.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tastegraph.data.interactions import Interactions
    from tastegraph.data.splits import SplitConfig
    from tastegraph.data.times import Times

__all__ = ["SHIPPED", "divide", "gives_test"]

SHIPPED = ("u1", "u2", "u3", "u4", "u5", "ua", "ub")
BASE_COLUMNS = Columns("\t", {"user": 0, "item": 1}, width=4, header=False)


def divide(
    positives: Interactions,
    config: SplitConfig,
    *,
    folder: Path,
    digest: str,
    published_test: NDArray[np.bool_] | None,
    given_part: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    """The part of each positive, uint8 [n].

    Args:
        positives: the pairs to split.
        config: the method.
        folder: where the source is; the folds that come with it lie there.
        digest: of the data; a saved split must be of the same.
        published_test: which of the pairs a published split tests on, bool [n], or None.
        given_part: the part of each that a column of the source gives, uint8 [n], or None.

    Raises:
        DataError: the method needs times, a column or a file that is not there, or a saved split is of other data.
    """
    if published_test is not None:
        return _held_out_of(positives, published_test, config)
    if config.method == "column":
        return _by_column(positives, given_part, config)
    if config.method == "file":
        return _by_file(positives, Path(config.file or ""), digest)
    if config.method == "shipped":
        return _held_out_of(positives, _shipped_test(positives, folder, config.shipped or ""), config)
    if config.method == "folds":
        return _held_out_of(positives, folds_split(len(positives), config.folds, config.fold, config.seed), config)
    if config.method == "ratio":
        return ratio_split(positives.user, config.ratios, config.seed)
    if positives.time is None:
        raise DataError(f"split.method {config.method} needs times, and there are none")
    if config.method == "leave-one-out":
        return leave_one_out(positives.user, positives.time, config.seed)
    if config.method == "user-time":
        return user_time_split(positives.user, positives.time, config.ratios, config.seed)
    return time_split(positives.time, *_cuts(positives.time, config))


def gives_test(
    config: SplitConfig, published_test: NDArray[np.bool_] | None, given_part: NDArray[np.uint8] | None
) -> bool:
    """Whether the test part is given and validation is held out of the rest, to be learned from in the end.

    Args:
        config: the split.
        published_test: which pairs a published split holds out, bool [n].
        given_part: the part of each pair that a column says, uint8 [n].
    """
    if published_test is not None or config.method in ("shipped", "folds"):
        return True
    return config.method == "column" and given_part is not None and not (given_part == VALIDATION).any()


def _held_out_of(
    positives: Interactions,
    test: NDArray[np.bool_],
    config: SplitConfig,
) -> NDArray[np.uint8]:
    """The given test part; of the rest, the second share of each user's pairs is validation."""
    held = config.ratios[1]
    if config.held_out == "last" and positives.place is not None:
        return order_split(positives.user, positives.place, (1 - held, held, 0.0), among=~test)
    return ratio_split(positives.user, (1 - held, held, 0.0), config.seed, among=~test)


def _cuts(time: Times, config: SplitConfig) -> tuple[float, float]:
    if config.test_since is None:
        return cuts_by_share(time, config.ratios)
    test = moment(config.test_since)
    if config.validation_since is not None:
        return moment(config.validation_since), test
    earlier = time[time < test]
    shares = config.ratios[0] + config.ratios[1]
    first, _ = cuts_by_share(earlier, (config.ratios[0] / shares, config.ratios[1] / shares, 0.0))
    return min(first, test), test


def _by_column(positives: Interactions, given_part: NDArray[np.uint8] | None, config: SplitConfig) -> NDArray[np.uint8]:
    if given_part is None:
        raise DataError("split.method column needs the column: --part-column NAME (data.columns.part) names it")
    if (given_part == VALIDATION).any():
        return given_part
    return _held_out_of(positives, given_part == TEST, config)


def _by_file(positives: Interactions, path: Path, digest: str) -> NDArray[np.uint8]:
    if not path.is_file():
        raise DataError("no such file; split.file names a saved split", path=path)
    table, part = read_parts(path)
    made_of = digest_in(path)
    if made_of and made_of != digest:
        raise DataError(f"is a split of other data: digest {made_of[:12]}..., expected {digest[:12]}...", path=path)
    found = _parts_at(positives, table, part)
    missing = int((found < 0).sum())
    if missing or len(table) != len(positives):
        raise DataError(
            f"does not split these positives: it holds {counted(len(table), 'pair')}, expected {len(positives):,}, "
            f"of which {missing:,} are not in it (the same threshold and cleaning?)",
            path=path,
        )
    return found.astype(np.uint8)


def _parts_at(positives: Interactions, table: pl.DataFrame, part: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The part of each positive in a table of pairs, -1 for one that is not there."""
    user = positives.users.index_of(table["user"]).astype(np.int64)
    item = positives.items.index_of(table["item"])
    there = (user >= 0) & (item >= 0)
    key = user[there] * len(positives.items) + item[there]
    order = np.argsort(key)
    wanted = positives.user.astype(np.int64) * len(positives.items) + positives.item
    at = np.searchsorted(key[order], wanted)
    hit = at < len(key)
    hit[hit] = key[order][at[hit]] == wanted[hit]
    found = np.full(len(positives), -1, np.int16)
    found[hit] = part[there][order][at[hit]]
    return found


def _shipped_test(positives: Interactions, folder: Path, name: str) -> NDArray[np.bool_]:
    """Which positives are in the test part of a fold that comes with MovieLens 100K."""
    if name not in SHIPPED:
        raise DataError(f"split.shipped {name!r}: the folds that come with ml-100k are {', '.join(SHIPPED)}")
    base, test = folder / f"{name}.base", folder / f"{name}.test"
    for path in (base, test):
        if not path.is_file():
            raise DataError("no such file; the folds come with ml-100k's original archive", path=path)
    parts = [read_columns(path, BASE_COLUMNS).select("user", "item") for path in (base, test)]
    shared = parts[1].join(parts[0], on=["user", "item"], how="semi")
    if len(shared):
        raise DataError(
            f"shares {counted(len(shared), 'pair')} with {base.name}; a test pair must not be learned from", path=test
        )
    table = pl.concat(parts)
    of = np.concatenate([np.full(len(part), which, np.uint8) for which, part in zip((FIT, TEST), parts, strict=True)])
    found = _parts_at(positives, table, of)
    if (found < 0).any():
        raise DataError(
            f"{int((found < 0).sum()):,} positives are neither in {base.name} nor in {test.name}", path=test
        )
    return np.asarray(found == TEST)
