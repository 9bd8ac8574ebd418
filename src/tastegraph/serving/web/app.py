"""The application: endpoints, problems for all that goes wrong, and the gate around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

import tastegraph
from tastegraph.serving.web.answers import ProblemDetails
from tastegraph.serving.web.gate import Gate
from tastegraph.serving.web.handlers import HANDLERS
from tastegraph.serving.web.pages import page_routes
from tastegraph.serving.web.problems import Problem
from tastegraph.serving.web.routes_account import account_routes, add_saying
from tastegraph.serving.web.routes_films import film_routes, single_film_routes
from tastegraph.serving.web.routes_lists import list_routes
from tastegraph.serving.web.routes_state import model_routes, state_routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tastegraph.serving.web.service import Service

__all__ = ["application", "build"]

ALL_MAY = (401, 403, 405, 408, 413, 415, 421, 422, 429, 503)  # answers that any endpoint may give


def application(service: Service) -> FastAPI:
    """The endpoints, without the gate."""
    app = FastAPI(
        title="TasteGraph",
        summary="Guess You Love: lists for people from a LightGCN recommender.",
        version=tastegraph.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # a redirect is nothing that the description has
        responses={status: {"model": ProblemDetails} for status in ALL_MAY},
        exception_handlers=dict(HANDLERS),
    )
    account = account_routes(service)
    add_saying(account, service)
    films = (film_routes(service), single_film_routes(service))
    for routes in (list_routes(service), *films, account, model_routes(service), state_routes(service)):
        app.include_router(routes)
    described = _described(app)
    app.openapi = lambda: described  # type: ignore[method-assign]  # FastAPI's own way
    app.include_router(page_routes(service, described))
    return app


def build(service: Service) -> ASGIApp:
    """The application as a server runs it."""
    return Gate(application(service), service)


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description: problems under their own media type, and the access token."""
    description = app.openapi()
    for methods in description["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                if schema.get("$ref", "").endswith(("/ProblemDetails", "/HTTPValidationError")):
                    answer["content"] = {
                        Problem.media_type: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
                    }
    described: dict[str, Any] = description
    schemes = {"access": {"type": "http", "scheme": "bearer", "description": "Where the service asks for one."}}
    described["components"]["securitySchemes"] = schemes
    described["security"] = [{}, {"access": []}]
    return described
