"""The figures that the tutorial published (a 2022 graph-learning course tutorial on LightGCN, MovieLens 1M)."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["BY_RANK", "BY_SAMPLES", "BY_WEIGHT_DECAY", "Published"]


class Published(NamedTuple):
    """A row: top-10 precision and recall on each split."""

    train_p: float
    train_r: float
    val_p: float
    val_r: float
    test_p: float
    test_r: float


BY_WEIGHT_DECAY: Final = {
    0.0: Published(0.0735, 0.00572, 0.0620, 0.00488, 0.0690, 0.00535),
    0.001: Published(0.0890, 0.00756, 0.0890, 0.00756, 0.0890, 0.00756),
    0.01: Published(0.0890, 0.00756, 0.0890, 0.00756, 0.0890, 0.00756),
    0.1: Published(0.0875, 0.00769, 0.0880, 0.00752, 0.0865, 0.00736),
    1.0: Published(0.0890, 0.00756, 0.0885, 0.00754, 0.0895, 0.00754),
}
BY_SAMPLES: Final = {
    20: Published(0.0885, 0.00754, 0.0885, 0.00747, 0.0890, 0.00756),
    100: Published(0.0865, 0.00726, 0.0870, 0.00733, 0.0850, 0.00725),
    200: Published(0.0790, 0.00691, 0.0770, 0.00680, 0.0770, 0.00666),
    500: Published(0.0890, 0.00756, 0.0895, 0.00757, 0.0890, 0.00756),
}
BY_RANK: Final = {8: (0.0530, 0.00542)}  # PARAFAC, test P@10 and R@10; rank 8 was the best of those tried
