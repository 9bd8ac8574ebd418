"""Endpoints about the service: model, health, readiness, metrics, reload."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from tastegraph.errors import TasteGraphError
from tastegraph.serving.web.answers import Health, ModelDetails, Readiness, Reloaded, answered_by, as_json
from tastegraph.serving.web.asked import API
from tastegraph.serving.web.logs import LOG
from tastegraph.serving.web.measured import CONTENT_TYPE
from tastegraph.serving.web.problems import ProblemError
from tastegraph.serving.web.service import Service

__all__ = ["model_routes", "reload_run", "state_routes"]


def model_routes(service: Service) -> APIRouter:
    """The model that is shown, and how another takes its place."""
    router = APIRouter(prefix=API, tags=["model"])

    @router.get("/model", responses=answered_by(ModelDetails))
    async def model() -> Response:
        """The model, the data it was learned from, and how it did on held-out data."""
        shown = service.shown
        return as_json(
            {
                "model": shown.version,
                "users": len(shown.model.users),
                "items": len(shown.model.items),
                "dimensions": shown.model.width,
                "ranking": shown.model.ranking,
                "about": dict(shown.model.about),
                "result": shown.run,
                "epochs": shown.epochs,
            }
        )

    @router.post("/reload", responses=answered_by(Reloaded, 409))
    async def reload() -> Response:
        """Load the run directory anew; requests under way end with the model they began with."""
        versions = await run_in_threadpool(_reloaded, service)
        if versions is None:
            raise ProblemError("reload-failed", "the log says why")
        return as_json(versions)

    return router


def state_routes(service: Service) -> APIRouter:
    """What a supervisor asks."""
    router = APIRouter(tags=["state"])

    @router.get("/health", responses=answered_by(Health))
    async def health() -> Response:
        """Whether the process answers."""
        return as_json({"status": "alive"})

    @router.get("/ready", responses=answered_by(Readiness))
    def ready() -> Response:
        """Whether lists can be made and feedback kept."""
        service.store.check()
        return as_json({"status": "ready", "model": service.shown.version})

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(service.measured.text(), headers={"Content-Type": CONTENT_TYPE})

    return router


def reload_run(service: Service) -> None:
    """What a hang-up signal asks for: as the endpoint, told in the log."""
    versions = _reloaded(service)
    if versions is not None:
        LOG.info("reloaded", extra={"told": versions})


def _reloaded(service: Service) -> dict[str, Any] | None:
    """The versions of the model now and before, or None where the log says why it is the same."""
    try:
        version, before = service.reload()
    except (TasteGraphError, OSError) as error:
        LOG.warning("reload failed", extra={"told": {"why": str(error)}})
        return None
    return {"model": version, "before": before}
