"""The benchmark suite: ours against peers in one run. `python -m benchmarks --list` names the cases."""
