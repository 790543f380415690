"""What a method may add to plain training: a penalty, mixed images, an adapter, interpolated weights."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from empirical.methods.parameters import Value


class L2SP(Value):
    """`strength` times the squared distance of the trained backbone parameters from their pretrained values.

    Added to the loss of every batch. The head has no pretrained value and is left out, by its role; running statistics
    are no parameters.
    """

    strength: float = Field(default=0.01, gt=0, allow_inf_nan=False)


class Mixup(Value):
    """Each image and label is mixed with its partner's in the reversed batch, in a ratio drawn once a batch.

    The ratio has the distribution Beta(alpha, alpha); labels are not smoothed beyond that.
    """

    alpha: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class LoRA(Value):
    """A trained low-rank update beside frozen kernels, `scale` times a product of two factors of inner size `rank`.

    It is for kernels of at least two axes in blocks `first` to `last`; the output channels are one side of the product,
    all other axes together the other. The update starts at zero, and the trained network is the pretrained one with the
    product added in.
    """

    kind: Literal["lora"] = "lora"
    rank: int = Field(default=4, ge=1)
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    first: int = Field(default=0, ge=0)
    last: int | None = Field(default=None, ge=0)


class SideTuning(Value):
    """A second network beside the pretrained one, whose features are added to the pretrained features, one to one.

    The pretrained network is frozen: unlike the paper's code, its norm layers stay in eval mode whatever the method's.
    `start`: the second network fresh, as in the paper, or a copy of the pretrained one.
    """

    kind: Literal["side_tuning"] = "side_tuning"
    start: Literal["random", "pretrained"] = "random"


Adapter = Annotated[LoRA | SideTuning, Field(discriminator="kind")]


class InterpolationWeights(Value):
    """After training, every array between its start (0) and its end (1), the head and running statistics too.

    Evaluated at each of `weights`: the whole curve, from which nothing is selected here.
    """

    weights: tuple[float, ...] = tuple(step / 10 for step in range(11))

    @field_validator("weights")
    @classmethod
    def _between(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if not weights or any(not 0 <= weight <= 1 for weight in weights) or list(weights) != sorted(set(weights)):
            raise ValueError(f"`weights` must ascend within 0 and 1, got {list(weights)}")
        return weights
