"""What a run of the suite may cost."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Settings"]

ROUNDS, QUICK_ROUNDS = 7, 2


@dataclass(frozen=True)
class Settings:
    """How thorough a run is.

    Attributes:
        quick: a small synthetic graph and two rounds, to see that everything runs; its figures mean nothing.
        full: also the parts that take many minutes (whole epochs of slow peers, 10^8 edges).
        recbole: whether RecBole may be measured, which installs it into an environment of its own on first use.
        given_rounds: rounds of interleaved measurements, where they are not the usual number.
    """

    quick: bool = False
    full: bool = False
    recbole: bool = True
    given_rounds: int | None = None

    @property
    def rounds(self) -> int:
        """Rounds of interleaved measurements; a median is over that many, unless a slow contender sits some out."""
        return self.given_rounds or (QUICK_ROUNDS if self.quick else ROUNDS)

    @property
    def flags(self) -> str:
        """The options that repeat these settings."""
        flags = [name for name, on in (("--quick", self.quick), ("--full", self.full)) if on]
        flags += [] if self.recbole else ["--skip-recbole"]
        flags += [] if self.given_rounds is None else [f"--rounds {self.given_rounds}"]
        return " ".join(flags)
