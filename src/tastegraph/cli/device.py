"""The option of the commands that train: what computes."""

from __future__ import annotations

import re
from typing import Annotated

import typer

__all__ = ["Device", "check_device"]

KNOWN = re.compile(r"cpu|auto|cuda(:[0-9]+)?")


def _known(name: str) -> str:
    if not KNOWN.fullmatch(name):
        raise typer.BadParameter(f"expected cpu, cuda, cuda:N or auto; found {name!r}")
    return name


Device = Annotated[
    str,
    typer.Option(
        metavar="cpu|cuda|cuda:N|auto",
        callback=_known,
        help="What trains and ranks LightGCN and MF: the processor, a GPU, or a GPU where there is one.",
    ),
]


def check_device(name: str) -> None:
    """Fail before anything is read, where this machine has no such device; for the processor no torch is imported.

    Raises:
        DeviceError: it has none.
    """
    if name != "cpu":
        from tastegraph.graph.devices import device_of

        device_of(name)
