"""Structured logs: a line of JSON an event, on standard error."""

from __future__ import annotations

import logging
import sys
import time

import orjson

__all__ = ["LOG", "log_lines"]

LOG = logging.getLogger("tastegraph.serve")


class _Line(logging.Formatter):
    """time, level, event, then what the event tells; a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def log_lines(*, quiet: bool) -> None:
    """Send the service's and uvicorn's events to standard error; only warnings where `quiet`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    for name, level in (("tastegraph.serve", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.WARNING if quiet else level)
