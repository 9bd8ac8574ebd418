"""Prometheus metrics of the service."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest

__all__ = ["CONTENT_TYPE", "Measured"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 5.0, 10.0)


class Measured:
    """Counts of one service, apart from those of any other in the process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("tastegraph_requests", "Answers given.", labels, registry=self._registry)
        self._seconds = Histogram(
            "tastegraph_request_seconds", "Time to answer.", ("route",), buckets=BUCKETS, registry=self._registry
        )
        self.at_once = Gauge("tastegraph_requests_at_once", "Requests being answered.", registry=self._registry)
        self._feedback = Counter("tastegraph_feedback", "Feedback kept.", ("kind",), registry=self._registry)
        self._model = Info("tastegraph_model", "The model shown.", registry=self._registry)
        self._loaded = Gauge(
            "tastegraph_model_loaded_timestamp_seconds", "When it was loaded.", registry=self._registry
        )
        ProcessCollector(registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answer was given."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def kept(self, kind: str) -> None:
        """Feedback was kept, or taken back."""
        self._feedback.labels(kind).inc()

    def show(self, version: str) -> None:
        """A model is shown from now on."""
        self._model.info({"version": version})
        self._loaded.set(time.time())

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
