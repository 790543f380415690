"""Where a method's head starts."""

from typing import Literal

from pydantic import Field

from empirical.methods.parameters import Value


class PartialProbe(Value):
    """A random head, trained alone for some SGD steps before everything else moves.

    How good a head is when fine-tuning begins is thus a dial: no step is FT, many are LP-FT. The norm layers run in
    eval mode, so nothing but the head changes.
    """

    steps: int = Field(ge=0)
    learning_rate: float = Field(gt=0, allow_inf_nan=False)


class ScaledRandom(Value):
    """A random head, its weights multiplied by `scale`: how large the start is beside the truth is thus a dial."""

    scale: float = Field(gt=0, allow_inf_nan=False)


#: `random`: fresh, as the seed draws it. `linear_probe`: the solved probe, returned to raw features.
#: `norm_matched_probe`: the probe scaled, weight and bias alike, to the standard deviation of a fresh head's weights.
HeadStart = Literal["random", "linear_probe", "norm_matched_probe"] | PartialProbe | ScaledRandom
