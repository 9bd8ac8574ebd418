"""What `implicit` says where its trainings fail, told as ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tastegraph.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["finite_factors"]


@contextmanager
def finite_factors(title: str, advice: str) -> Iterator[None]:
    """Around a training by `implicit`: factors that are no numbers are told with what helps.

    Raises:
        ModelError: it did not train.
    """
    from implicit.recommender_base import ModelFitError

    try:
        yield
    except ModelFitError as error:
        raise ModelError(f"{title} did not train: its factors are not finite; {advice} helps") from error
