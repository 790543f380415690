"""The paper's methods as data: from which head, in which norm mode, and what trains.

The paper compares FT with batch statistics ("train") against LP-FT with frozen ones ("eval"); the other two corners
of the 2 x 2 are kept beside them, so that the effect of the head can be told from that of the mode.
"""

from typing import Literal

import jax
from jaxtyping import PyTree
from pydantic import BaseModel, ConfigDict

from empirical.backbones.backbone import NormMode, RoleKind
from empirical.backbones.classifier import Classifier

MethodName = Literal["LP", "FT", "LP-FT"]


class Method(BaseModel):
    """A way to adapt a pretrained network; `trains` names parameter roles (norm statistics follow the mode)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: MethodName
    head_start: Literal["random", "linear_probe"]
    norm_mode: NormMode
    trains: tuple[RoleKind, ...]


EVERYTHING: tuple[RoleKind, ...] = ("kernel", "norm_affine", "head")
LP = Method(name="LP", head_start="linear_probe", norm_mode="eval", trains=())  # solved, not trained: linear_probe.py
FT = Method(name="FT", head_start="random", norm_mode="train", trains=EVERYTHING)
FT_EVAL = Method(name="FT", head_start="random", norm_mode="eval", trains=EVERYTHING)
LP_FT = Method(name="LP-FT", head_start="linear_probe", norm_mode="eval", trains=EVERYTHING)
LP_FT_TRAIN = Method(name="LP-FT", head_start="linear_probe", norm_mode="train", trains=EVERYTHING)
FINE_TUNING = (FT, FT_EVAL, LP_FT, LP_FT_TRAIN)


def trained_parameters(classifier: Classifier, method: Method) -> PyTree[bool]:
    """True where the method's optimiser moves an array, in a tree of the classifier's shape."""
    return jax.tree.map(lambda role: role.kind in method.trains, classifier.roles())
