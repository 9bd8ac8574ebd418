"""The guard of every comparison: contenders must compute the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

__all__ = ["check_agreement"]

TOLERANCES = {"float32": 1e-4, "float16": 1e-2}


def check_agreement(results: Mapping[str, torch.Tensor]) -> None:
    """Refuse to time contenders whose results differ.

    Args:
        results: each contender's; the first one is the measure. A name that holds "float16" may be further off.

    Raises:
        ArithmeticError: a result is further from the first than its tolerance, relative to the largest entry.
    """
    first = next(iter(results.values()))
    largest = float(first.abs().max())
    for name, result in results.items():
        error = float((result - first).abs().max()) / largest
        allowed = TOLERANCES["float16" if "float16" in name else "float32"]
        if not error <= allowed:
            raise ArithmeticError(f"{name} computes something else: off by {error:.1e} of the largest entry")
