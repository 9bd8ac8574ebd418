"""Run by RecBole's own Python: times training steps of its LightGCN and prints them as one line of JSON.

Usage: python recbole_steps.py FOLDER BATCH_SIZE STEPS THREADS, with the pairs in FOLDER/pairs/pairs.inter.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from typing import Any

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import LightGCN
from recbole.utils import init_seed

SETTINGS: dict[str, Any] = {
    "USER_ID_FIELD": "user_id",
    "ITEM_ID_FIELD": "item_id",
    "load_col": {"inter": ["user_id", "item_id"]},
    "eval_args": {"split": {"RS": [1, 0, 0]}, "order": "RO", "group_by": None, "mode": "full"},
    "embedding_size": 64,
    "n_layers": 3,
    "learning_rate": 0.001,
    "epochs": 1,
    "use_gpu": False,
    "show_progress": False,
    "state": "ERROR",
}


def main(folder: str, batch_size: int, steps: int, threads: int) -> dict[str, Any]:
    """Seconds of each of the first steps of an epoch (the first step is not counted), and an epoch's steps."""
    torch.set_num_threads(threads)
    settings = {**SETTINGS, "data_path": folder, "train_batch_size": batch_size}
    config = Config(model="LightGCN", dataset="pairs", config_dict=settings)
    init_seed(0, True)  # noqa: FBT003 (RecBole's signature)
    batches, *_ = data_preparation(config, create_dataset(config))
    model = LightGCN(config, batches.dataset)
    optimizer = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    ends = []
    for batch in batches:
        optimizer.zero_grad()
        loss = model.calculate_loss(batch)
        loss.backward()
        optimizer.step()
        loss.item()
        ends.append(time.perf_counter())
        if len(ends) > steps:
            break
    return {"step_seconds": [b - a for a, b in pairwise(ends)], "steps": len(batches)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *(int(word) for word in sys.argv[2:5]))))
