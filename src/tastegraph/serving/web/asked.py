"""What requests hold, and its limits."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.convertors import Convertor, register_url_convertor

from tastegraph.serving.feedback import Kind
from tastegraph.serving.web.lists import Wish

__all__ = ["API", "MOST_LIKES", "FilmId", "KindBody", "ListBody", "Places", "UserId", "WishQuery"]

API = "/api/v1"
MOST_LIKES, MOST_PLACES, MOST_GENRES, LONGEST_ID, LONGEST_GENRE = 500, 100, 10, 200, 60
FIRST_YEAR, LAST_YEAR = 1, 9999
SURPRISE = "0 as the model ranks; 1 for scores of which popularity tells nothing."


class _IdConvertor(Convertor[str]):
    """An id as a part of a path: whatever it holds, a slash in percent encoding or a line end included."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _IdConvertor())

FilmId = Annotated[str, Path(max_length=LONGEST_ID, description="The film's id in the source.", examples=["1"])]
UserId = Annotated[str, Path(max_length=LONGEST_ID, description="The user's id in the source.", examples=["1"])]
Places = Annotated[int, Query(ge=1, le=MOST_PLACES)]
Id = Annotated[str, Field(max_length=LONGEST_ID)] | Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
GenreName = Annotated[str, Field(max_length=LONGEST_GENRE)]
Year = Annotated[int, Field(strict=True, ge=FIRST_YEAR, le=LAST_YEAR)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


class WishQuery(BaseModel):
    """How a list is to be, as query parameters."""

    model_config = ConfigDict(extra="forbid")

    k: Annotated[int, Field(ge=1, le=MOST_PLACES, description="Length of the list.")] = 10
    surprise: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description=SURPRISE)] = 0.0
    diversity: Annotated[
        float, Field(ge=0, le=1, allow_inf_nan=False, description="Lambda of maximal marginal relevance.")
    ] = 0.0
    genre: Annotated[
        list[GenreName], Field(max_length=MOST_GENRES, description="Films with one of these genres; repeated.")
    ] = []
    year_from: Annotated[int | None, Field(ge=FIRST_YEAR, le=LAST_YEAR)] = None
    year_to: Annotated[int | None, Field(ge=FIRST_YEAR, le=LAST_YEAR)] = None
    because: Annotated[bool, Field(description="Whether each place names what carries it.")] = True

    @property
    def wish(self) -> Wish:
        """The same for `list_for`."""
        years = (self.year_from, self.year_to)
        return Wish(self.k, self.surprise, self.diversity, tuple(self.genre), years, self.because)


class ListBody(BaseModel):
    """A person by likes and dislikes, and how the list is to be."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"likes": [1, 260], "dislikes": [], "k": 5}]}
    )

    likes: Annotated[list[Id], Field(min_length=1, max_length=MOST_LIKES, description="Ids of films.")]
    dislikes: Annotated[list[Id], Field(max_length=MOST_LIKES)] = []
    seen: Annotated[list[Id], Field(max_length=MOST_LIKES, description="Not to be listed.")] = []
    k: Annotated[int, Field(strict=True, ge=1, le=MOST_PLACES)] = 10
    surprise: Annotated[Share, Field(description=SURPRISE)] = 0.0
    diversity: Share = 0.0
    genres: Annotated[list[GenreName], Field(max_length=MOST_GENRES)] = []
    year_from: Year | None = None
    year_to: Year | None = None
    because: Annotated[bool, Field(strict=True)] = True

    @property
    def wish(self) -> Wish:
        """How the list is to be, for `list_for`."""
        years = (self.year_from, self.year_to)
        return Wish(self.k, self.surprise, self.diversity, tuple(self.genres), years, self.because)


class KindBody(BaseModel):
    """What somebody says of a film."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "like"}]})

    kind: Kind
