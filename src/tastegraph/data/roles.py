"""Which column of a file holds what: by the user's word, else by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tastegraph.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tastegraph.data.options import ColumnOptions

__all__ = ["NAMES", "OPTIONS", "REQUIRED", "find_roles", "plain_name", "roles_by_position"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "user": ("user", "userid", "uid", "member", "memberid", "customer", "customerid", "visitorid"),
    "item": (
        "item", "itemid", "iid", "movie", "movieid", "film", "filmid", "product", "productid", "artistid",
        "book", "bookid", "isbn", "asin", "businessid", "gameid", "trackid", "songid",
    ),
    "value": ("rating", "ratings", "value", "score", "stars", "overall", "weight"),
    "time": ("timestamp", "time", "ts", "unixtime", "unixreviewtime", "datetime", "date", "createdat"),
    "part": (),  # never guessed
}  # fmt: skip
# What the options call each role.
OPTIONS: Mapping[str, str] = {"user": "user", "item": "item", "value": "rating", "time": "time", "part": "part"}
REQUIRED = ("user", "item")


def plain_name(name: str) -> str:
    """A column's name without case, spaces, punctuation and RecBole's ":type"."""
    return "".join(letter for letter in name.split(":", maxsplit=1)[0].lower() if letter.isalnum())


def find_roles(names: Sequence[str], chosen: ColumnOptions, path: Path) -> dict[str, int]:
    """The position, from 0, of each of user, item, value, time and part that is there.

    Args:
        names: the file's columns, in order.
        chosen: what the user said; it comes before the names.
        path: the file, for the error.

    Raises:
        DataError: no column holds users or items, or several may, a chosen one is not there, or one column is given
            two roles.
    """
    position = {}
    for role, option in OPTIONS.items():
        wanted: str | None = getattr(chosen, option)
        if wanted == "none":
            continue
        found = _by_name(role, names, path) if wanted is None else _chosen(wanted, option, names, path)
        if found is not None:
            position[role] = found
        elif role in REQUIRED:
            accepted = ", ".join(NAMES[role][:5])
            no_names = " (--no-header, if this line holds no names)" if any(map(_is_number, names)) else ""
            raise DataError(
                f"no {role} column among {_listed(names)}; expected one named {accepted}, ... or --{role}-column NAME"
                f"{no_names}",
                path=path,
                line=1,
            )
    _each_once(position, names, path)
    return position


def roles_by_position(width: int, chosen: ColumnOptions, path: Path) -> dict[str, int]:
    """The same for a file without a header: user, item, rating, time in this order, or where the user says.

    Raises:
        DataError: a chosen position is not among the `width` columns, or one column is given two roles.
    """
    names = [str(number) for number in range(1, width + 1)]
    position = {}
    for role, option in OPTIONS.items():
        wanted = getattr(chosen, option)
        if wanted is not None and wanted != "none":
            position[role] = _chosen(wanted, option, names, path)
    taken = set(position.values())
    for place, (role, option) in enumerate(OPTIONS.items()):
        unsaid = getattr(chosen, option) is None and role not in position and role != "part"
        if unsaid and place < width and place not in taken:
            position[role] = place
    for role in REQUIRED:
        if role not in position:
            raise DataError(f"no column is left for the {role}; say --{role}-column NUMBER", path=path, line=1)
    _each_once(position, names, path)
    return {role: position[role] for role in OPTIONS if role in position}


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).isdecimal()


def _by_name(role: str, names: Sequence[str], path: Path) -> int | None:
    found = [at for at, name in enumerate(names) if plain_name(name) in NAMES[role]]
    if len(found) > 1:
        option = OPTIONS[role]
        either = " and ".join(repr(names[at]) for at in found)
        said = "NAME" if len({names[at] for at in found}) == len(found) else "NUMBER"
        message = f"columns {either} may both hold the {option}; say which by --{option}-column {said}"
        raise DataError(message, path=path, line=1)
    return found[0] if found else None


def _chosen(wanted: str, option: str, names: Sequence[str], path: Path) -> int:
    """A column by its name exactly, by its name plainly written, or by its number."""
    plain = [plain_name(name) for name in names]
    for name, among in ((wanted, names), (plain_name(wanted), plain)):
        found = [at for at, other in enumerate(among) if name and other == name]
        if len(found) > 1:
            numbers = " and ".join(str(at + 1) for at in found)
            message = f"columns {numbers} are both named {wanted!r}; say which by --{option}-column NUMBER"
            raise DataError(message, path=path, line=1)
        if found:
            return found[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    raise DataError(f"no column {wanted!r} for the {option} among {_listed(names)}", path=path, line=1)


def _each_once(position: Mapping[str, int], names: Sequence[str], path: Path) -> None:
    taken: dict[int, str] = {}
    for role, at in position.items():
        if at in taken:
            message = f"column {names[at]!r} cannot be both the {OPTIONS[taken[at]]} and the {OPTIONS[role]}"
            raise DataError(message, path=path, line=1)
        taken[at] = role


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
