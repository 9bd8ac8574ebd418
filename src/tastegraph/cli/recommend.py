"""`tastegraph recommend`: a person's list."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastegraph.cli.lists import in_words, print_list
from tastegraph.cli.ranks import RankTimeout, alone_here, ranks_here
from tastegraph.cli.terminal import print_json, printable, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tastegraph.ranks.alone import Ranks
    from tastegraph.serving.filters import Filters
    from tastegraph.serving.recommender import Recommender

__all__ = ["recommend"]

SECONDS_BETWEEN_LINES = 5.0


def recommend(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="...", help="Further likes, after --likes.")] = None,
    *,
    user: Annotated[str | None, typer.Option("--user", help="A known user's id in the ratings file.")] = None,
    likes: Annotated[
        list[str] | None, typer.Option(metavar="TITLE|ID", help="What a new person, or --user by now, likes; repeated.")
    ] = None,
    dislikes: Annotated[
        list[str] | None, typer.Option(metavar="TITLE|ID", help="What they dislike; may be repeated.")
    ] = None,
    refine: Annotated[bool, typer.Option("--refine", help="Improve the fold-in by least squares.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say which likes carry each place, as shares.")] = False,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="Length of the list; 10, or all of fewer items, by default.")
    ] = None,
    genres: Annotated[
        list[str] | None, typer.Option("--genre", help="Only items with this genre; repeated: with any of them.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without-genre", help="None with this genre; repeated.")
    ] = None,
    years: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Only of these years: 1990-1999, 1990-, -1960.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="TITLE|ID", help="Not this item; may be repeated.")
    ] = None,
    min_popularity: Annotated[int, typer.Option(min=0, help="Only items with so many users learned from.")] = 0,
    seen: Annotated[bool, typer.Option("--seen", help="What the user has rated may be listed too.")] = False,
    diversity: Annotated[
        float, typer.Option(min=0, max=1, help="Unlike items above like ones: lambda of maximal marginal relevance.")
    ] = 0.0,
    discount: Annotated[
        float, typer.Option("--popularity-discount", min=0, help="C: take C ln(users of the item) off in ordering.")
    ] = 0.0,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Find items by an index (see `index`), for very large catalogues.")
    ] = False,
    everybody: Annotated[bool, typer.Option("--all", help="Every known user's list, into --out.")] = False,
    out: Annotated[Path | None, typer.Option(help="With --all: a .parquet, .csv or .jsonl file.")] = None,
    to_judge: Annotated[
        bool, typer.Option("--to-judge", help="With --all: leave out fit and validation only, for `evaluate FILE`.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    rank_timeout: RankTimeout = 600,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Guess You Love: what somebody would love most among what they do not know."""
    from tastegraph.serving.filters import Filters
    from tastegraph.serving.order import Order
    from tastegraph.serving.recommender import Recommender

    if more and (dislikes or not likes):
        raise typer.BadParameter(f"say --likes or --dislikes before {more[0]!r}")
    liked = [*(likes or ()), *(more or ())]
    filters = Filters(
        tuple(genres or ()), tuple(without or ()), _years(years), tuple(exclude or ()), seen, min_popularity
    )
    order = Order(diversity, discount)
    if everybody or out is not None or to_judge:
        if not everybody or out is None or user is not None or liked or dislikes:
            raise typer.BadParameter("--all and --out go together, without --user, --likes and --dislikes")
        if diversity or explain or refine or json or approximate:
            raise typer.BadParameter("--all goes with filters, --popularity-discount and --to-judge only")
        with ranks_here(rank_timeout) as ranks:
            _write_all(run, out, k, filters, discount, ranks, to_judge=to_judge, force=force)
        return
    alone_here("recommend without --all")
    if force:
        raise typer.BadParameter("--force replaces the file of --all --out")
    if user is None and not liked:
        raise typer.BadParameter("say for whom: --user ID, --likes TITLE for a new person, or --all")
    recommender = Recommender.load(run, approximate=approximate)
    places = recommender.recommend(
        user, k, likes=liked, dislikes=dislikes or (), refine=refine, explain=explain, filters=filters, order=order
    )
    if json:
        print_json([asdict(place) for place in places])
    else:
        _print_understood(recommender, liked, dislikes or ())
        print_list(places, f"Guess You Love, {'a new person' if user is None else f'user {user}'}")
        for place in places:
            if place.because is not None:
                typer.echo(printable(in_words(place)))


def _print_understood(recommender: Recommender, likes: Sequence[str], dislikes: Sequence[str]) -> None:
    for word, names in (("likes", likes), ("dislikes", dislikes)):
        if names:
            typer.echo(f"{word}: {printable(recommender.names.understood(names))}")


def _years(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    found = re.fullmatch(r"(\d{1,4})?(-)?(\d{1,4})?", text.strip())
    if found is None or not (found[1] or found[3]):
        raise typer.BadParameter(f"years are FROM-TO, FROM- or -TO; found {text!r}")
    first, last = (int(part) if part else None for part in (found[1], found[3] if found[2] else found[1]))
    return first, last


def _write_all(
    run: Path,
    out: Path,
    k: int | None,
    filters: Filters,
    discount: float,
    ranks: Ranks,
    *,
    to_judge: bool,
    force: bool,
) -> None:
    from tastegraph.serving.everyone import check_place
    from tastegraph.serving.recommender import Recommender

    if to_judge and filters.seen:
        raise typer.BadParameter("--to-judge says what lists leave out; it does not go with --seen")
    ranks.told(lambda: check_place(out, force=force))
    told = time.perf_counter()

    def tell(done: int, users: int) -> None:
        nonlocal told
        if time.perf_counter() - told > SECONDS_BETWEEN_LINES or done == users:
            told = time.perf_counter()
            say(f"lists of {done:,} of {users:,} users")

    recommender, known = Recommender.load(run), None
    if to_judge:
        from tastegraph.studies.evaluate import known_positives

        known = known_positives(run)
    with _told_to_go_on():
        recommender.write_all(
            out, k, filters=filters, popularity_discount=discount, known=known, on_part=tell, force=force, ranks=ranks
        )
    typer.echo(f"lists: {out}")


@contextmanager
def _told_to_go_on() -> Iterator[None]:
    """Interrupted, say that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        say("stopped; the same command goes on after the last part")
        raise
