"""The largest resident memory of this process, whole or since a moment."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["forget_peak", "peak_mb", "resident_mb"]

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
KIB_PER_MB = 1e6 / 1024


def peak_mb() -> float:
    """Peak resident memory in MB (10^6 bytes) since the start, or since `forget_peak`.

    Read from the kernel's high-water mark of this program: unlike getrusage's, it is not inherited from the parent.
    """
    if STATUS.exists():
        return _status("VmHWM")
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 1e6 if sys.platform == "darwin" else kib / KIB_PER_MB


def resident_mb() -> float:
    """Resident memory now, in MB."""
    return _status("VmRSS") if STATUS.exists() else peak_mb()


def forget_peak() -> bool:
    """Start a new peak from now on; False where the system cannot."""
    try:
        CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _status(key: str) -> float:
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) / KIB_PER_MB for line in lines if line.startswith(key))
