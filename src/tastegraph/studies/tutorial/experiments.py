"""The tutorial's experiments: which settings make which table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tastegraph.studies.tutorial.settings import NUM_USERS, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["EPOCHS", "SAMPLES", "Scale", "cost_of", "curve_settings", "experiments", "keeps_curve", "settings_of"]

EPOCHS: Final = 100
WEIGHT_DECAYS: Final = (0.0, 0.001, 0.01, 0.1, 1.0)
SAMPLES: Final = (20, 100, 200, 500)
RANKS: Final = (2, 4, 8, 16, 32)
LAYERS: Final = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Scale:
    """How many users, and how long a training with the tutorial's other settings takes.

    Attributes:
        num_users: 200, or None for all.
        epochs: for n = 20.
        same_steps: whether a training with more pairs a user is given as many steps, not epochs; always with all users.
    """

    num_users: int | None = NUM_USERS
    epochs: int = EPOCHS
    same_steps: bool = False

    @property
    def title(self) -> str:
        """For people."""
        return "all users" if self.num_users is None else f"{self.num_users} users"

    def lightgcn(self, *, num_samples: int = 20, **changed: object) -> Setting:
        """The tutorial's LightGCN, but for what is changed."""
        fewer = self.same_steps or self.num_users is None
        epochs = max(1, round(self.epochs * 20 / num_samples)) if fewer else self.epochs
        return Setting.model_validate(
            {"num_users": self.num_users, "epochs": epochs, "num_samples": num_samples, **changed}
        )

    def parafac(self, rank: int, num_samples: int | None = None) -> Setting:
        """PARAFAC on the users x films matrix of the training part, or of the likes among its pairs."""
        return Setting(model="parafac", num_users=self.num_users, num_samples=num_samples, rank=rank)

    @property
    def ours(self) -> Setting:
        """Our own settings, on all likes of the training part."""
        few = self.num_users is not None
        return Setting(
            model="ours",
            num_users=self.num_users,
            num_samples=None,
            num_layers=2,
            epochs=50 if few else 24,
            learning_rate=0.005,
            weight_decay=0.5,
        )


def experiments(scale: Scale) -> Mapping[str, Mapping[str, Setting]]:
    """The settings of each table of a scale by the label of their row."""
    base = scale.lightgcn
    tables: dict[str, dict[str, Setting]] = {
        "weight decay": {f"{x:g}": base(weight_decay=x) for x in WEIGHT_DECAYS},
        "samples": {str(n): base(num_samples=n) for n in SAMPLES},
        "layers": {str(k): base(num_layers=k) for k in LAYERS},
        "alpha": {
            "1/(K+1), k = 0..K": base(),
            "learned": base(alpha="learned"),
            "1/(K+1), k = 1..K": base(alpha="without-0"),
        },
        "parafac": {str(rank): scale.parafac(rank) for rank in RANKS},
        "parafac on pairs": {str(rank): scale.parafac(rank, 20) for rank in RANKS},
        "ours": {"ours": scale.ours},
    }
    if scale.num_users is not None:
        tables["loss"] = {
            f"{loss}, {x:g}": base(loss=loss, weight_decay=x)
            for loss in ("batch", "sum", "mean")
            for x in WEIGHT_DECAYS
        }
        tables["readings"] = {
            "likes divided, then pairs drawn": base(),
            "pairs drawn, then divided": base(draw="pairs-first"),
            "negatives are dislikes": base(negatives="disliked"),
            "negatives drawn anew": base(negatives="fresh"),
        }
    return tables


def settings_of(scale: Scale) -> list[Setting]:
    """Every setting of a scale once, the long ones first."""
    found = dict.fromkeys(setting for rows in experiments(scale).values() for setting in rows.values())
    return sorted(found, key=cost_of, reverse=True)


def cost_of(setting: Setting) -> float:
    """About how long a run takes, in arbitrary units: what fills two cores evenly."""
    if setting.model != "lightgcn":
        return 1.0 if setting.num_users is not None else 1000.0
    return setting.epochs * (setting.num_samples or 1) * (1 if setting.num_users is not None else 5)


def curve_settings(scale: Scale) -> Iterator[tuple[str, Setting]]:
    """The runs whose curves are shown: n = 20 and n = 500."""
    for n in (SAMPLES[0], SAMPLES[-1]):
        yield f"n = {n}", scale.lightgcn(num_samples=n)


def keeps_curve(setting: Setting) -> bool:
    """Whether a record keeps each epoch's figures."""
    return setting == Setting(epochs=setting.epochs, num_samples=setting.num_samples) and setting.num_samples in (
        SAMPLES[0],
        SAMPLES[-1],
    )
