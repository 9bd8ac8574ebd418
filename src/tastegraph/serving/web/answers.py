"""The shapes of answers, for the OpenAPI description. They are written from plain dicts; tests hold them to these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from tastegraph.serving.feedback import Kind

__all__ = [
    "Account",
    "Because",
    "CountedFilm",
    "Film",
    "FilmDetails",
    "FilmMapAnswer",
    "FilmPage",
    "Genre",
    "Genres",
    "Health",
    "ModelDetails",
    "NewAccount",
    "Place",
    "ProblemDetails",
    "Readiness",
    "Recommendations",
    "Reloaded",
    "Said",
    "SimilarFilm",
    "SimilarFilms",
    "answered_by",
    "as_json",
]

Id = Annotated[int | str, Field(description="The film's id in the source of the ratings.")]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Film(_Answer):
    """A film."""

    id: Id
    title: str | None
    year: int | None
    genres: list[str]


class Because(_Answer):
    """A film that carries a place of a list."""

    id: Id
    title: str | None
    year: int | None
    share: Annotated[float, Field(description="What it adds to the score.")]


class Place(Film):
    """A place of a list."""

    rank: int
    score: float
    because: Annotated[list[Because], Field(description="Known films with the largest shares of the score.")]


class Recommendations(_Answer):
    """Guess You Love."""

    model: Annotated[str, Field(description="Version of the model that made the list.")]
    recommendations: list[Place]


class SimilarFilm(Film):
    """A neighbour of a film."""

    rank: int
    cosine: float


class SimilarFilms(_Answer):
    """Neighbours of a film, nearest first."""

    model: str
    similar: list[SimilarFilm]


class CountedFilm(Film):
    """A film, and how many users the model learned it from."""

    users: int


class FilmPage(_Answer):
    """Part of a longer list of films."""

    total: int
    offset: int
    films: list[CountedFilm]


class FilmDetails(CountedFilm):
    """A film, its popularity and its nearest neighbours."""

    popularity_rank: Annotated[int, Field(description="1 for the film with the most users.")]
    similar: list[SimilarFilm]


class Genre(_Answer):
    """A genre, and how many films have it."""

    name: str
    films: int


class Genres(_Answer):
    """All genres, those of most films first."""

    genres: list[Genre]


class FilmMapAnswer(_Answer):
    """Films in the plane, most popular first: columns of equal length."""

    model: str
    ids: list[Id]
    titles: list[str | None]
    years: list[int | None]
    genres: Annotated[list[int | None], Field(description="Position of the first genre in genre_names.")]
    x: Annotated[list[float], Field(description="From -1 to 1.")]
    y: list[float]
    genre_names: list[str]


class ModelDetails(_Answer):
    """What is served: the model, the data it was learned from, and how it did on held-out data."""

    model: str
    users: int
    items: int
    dimensions: int
    ranking: str
    about: dict[str, Any]
    result: Annotated[dict[str, Any], Field(description="result.json of the run, {} where there is none.")]
    epochs: Annotated[list[dict[str, Any]], Field(description="Lines of metrics.jsonl.")]


class NewAccount(_Answer):
    """A new account; its token is told only now."""

    token: str


class Account(_Answer):
    """What an account has said, earliest first."""

    likes: list[Film]
    dislikes: list[Film]
    seen: list[Film]
    unknown: Annotated[list[str], Field(description="Ids that the model served now does not know.")]


class Said(_Answer):
    """What is kept of one film."""

    id: Id
    kind: Kind


class Health(_Answer):
    """The process answers."""

    status: Literal["alive"]


class Readiness(_Answer):
    """Lists can be made and feedback kept."""

    status: Literal["ready"]
    model: str


class Reloaded(_Answer):
    """The model served from now on, and the one before."""

    model: str
    before: str


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] | None = None
    unknown: list[str] | None = None


def answered_by(shape: type[BaseModel], *problems: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """What an endpoint answers with, and statuses of problems that not every endpoint has, as FastAPI takes it."""
    return {status: {"model": shape}, **{problem: {"model": ProblemDetails} for problem in problems}}


def as_json(told: dict[str, Any] | bytes, status: int = 200) -> Response:
    """An answer in JSON, of what is to be told or of the JSON itself."""
    return Response(told if isinstance(told, bytes) else orjson.dumps(told), status, media_type="application/json")
