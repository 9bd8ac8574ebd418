"""`python -m tastegraph.graphgym --cfg FILE`: the steps of GraphGym from a configuration to a trained model."""

from __future__ import annotations

import sys

from tastegraph.errors import TasteGraphError
from tastegraph.graphgym import register

__all__ = ["main"]


def main() -> None:
    """Read the configuration, make loader and model, train and test; records go into cfg.out_dir."""
    register()
    import torch
    from torch_geometric import seed_everything
    from torch_geometric.graphgym.cmd_args import parse_args
    from torch_geometric.graphgym.config import cfg, dump_cfg, load_cfg, set_out_dir, set_run_dir
    from torch_geometric.graphgym.logger import set_printing
    from torch_geometric.graphgym.model_builder import create_model
    from torch_geometric.graphgym.train import GraphGymDataModule, train
    from torch_geometric.graphgym.utils.comp_budget import params_count

    arguments = parse_args()
    load_cfg(cfg, arguments)
    set_out_dir(cfg.out_dir, arguments.cfg_file)
    dump_cfg(cfg)
    torch.set_num_threads(cfg.num_threads)
    set_run_dir(cfg.out_dir)
    set_printing()
    seed_everything(cfg.seed)
    data = GraphGymDataModule()
    model = create_model()
    cfg.params = params_count(model)
    train(model, data, logger=True)


if __name__ == "__main__":
    try:
        main()
    except TasteGraphError as error:
        sys.exit(f"tastegraph: {error}")
