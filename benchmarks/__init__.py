"""The benchmark suite: ours against peers in one run. `python -m benchmarks --list` names the cases."""

import os

# As the command line does, and before torch is imported: waiting threads sleep instead of taking the others' cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
