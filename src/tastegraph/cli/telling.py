"""What a command says of its data before it goes on: how it was read, what cleaning removed, what the split holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.cli.terminal import say
from tastegraph.data.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tastegraph.data.cleaning import Removed
    from tastegraph.data.dataset import Dataset
    from tastegraph.data.splits import Split
    from tastegraph.studies.recipe import Recipe

__all__ = ["tell_reading", "tell_warnings"]


def tell_reading(dataset: Dataset, recipe: Recipe, positives: int, removed: Iterable[Removed]) -> None:
    """How the source was read, how many positives it holds, and what each step of cleaning removed."""
    rated = dataset.interactions
    kept = f"positives: {positives:,}"
    if rated.value is not None and recipe.threshold is not None:
        kept += f" (rating >= {recipe.threshold:g})"
    dropped = f"; {counted(dataset.duplicates, 'duplicate row')} dropped" if dataset.duplicates else ""
    say(
        f"{dataset.name}: {counted(len(rated), 'interaction')} of {counted(len(rated.users), 'user')} with "
        f"{counted(len(rated.items), 'item')} ({dataset.understood}{dropped}); {kept}"
    )
    for step in removed:
        say(f"cleaning, {step}")


def tell_warnings(dataset: Dataset, recipe: Recipe, split: Split) -> None:
    """What is to be known of a split: pairs the fit part cannot know, empty parts, a method that leaks."""
    test = split.test
    if test.cold or test.strangers:
        say(f"test pairs that the fit part cannot know: {test.cold:,} of new items, {test.strangers:,} of new users")
    for name, part in (("validation", split.validation), ("test", test)):
        if not len(part):
            left_out = f"; {counted(part.strangers, 'pair')} of users whom the fit part does not know left out"
            say(f"warning: the {name} part is empty{left_out if part.strangers else ''}")
    if recipe.split.warning is not None and dataset.published_test is None:
        say(f"warning: {recipe.split.warning}")
