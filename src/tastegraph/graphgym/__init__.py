"""LightGCN as parts of GraphGym, PyG's platform for experiments: `register()` makes them known to it by name."""

from __future__ import annotations

from importlib.util import find_spec

from tastegraph.errors import ModelError

__all__ = ["register"]

NEEDED = {"yacs": "yacs", "pytorch_lightning": "pytorch-lightning"}


def register() -> None:
    """Register layer `lightgcnconv`, network `lightgcn`, loader `tastegraph`, loss `bpr` and the ranking metrics.

    Raises:
        ModelError: the extra is missing.
    """
    for module, package in NEEDED.items():
        if find_spec(module) is None:
            raise ModelError(f'GraphGym needs {package}, of the extra "graphgym": pip install "tastegraph[graphgym]"')
    import tastegraph.graphgym.loader
    import tastegraph.graphgym.loss_and_metrics
    import tastegraph.graphgym.network  # noqa: F401 (each registers its parts when it is imported)
