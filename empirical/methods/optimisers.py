"""Optimisers and learning-rate schedules as values; `training` gives them to optax."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from empirical.methods.parameters import Value

Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Clip = Annotated[float, Field(gt=0, allow_inf_nan=False)] | None


class SGD(Value):
    """PyTorch's: the decay joins the gradient, and the learning rate stays outside the momentum buffer."""

    kind: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: Rate = 0.0
    clip_norm: Clip = None


class AdamW(Value):
    """Decoupled decay; the whole step, decay included, is scaled by the learning rate."""

    kind: Literal["adamw"] = "adamw"
    first_moment: float = Field(default=0.9, ge=0, lt=1)
    second_moment: float = Field(default=0.999, ge=0, lt=1)
    epsilon: float = Field(default=1e-8, gt=0)
    weight_decay: Rate = 0.0
    clip_norm: Clip = None


Optimiser = Annotated[SGD | AdamW, Field(discriminator="kind")]


class Schedule(Value):
    """How the learning rate falls: a half cosine that moves once an epoch (the paper's) or at every step.

    In epoch e of T it is lr (1 + cos(pi e / T)) / 2, so the last epoch still moves. `warm_up_steps` rise linearly
    first.
    """

    decay: Literal["cosine", "constant"] = "cosine"
    every: Literal["epoch", "step"] = "epoch"
    warm_up_steps: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _warm_up_counts_steps(self) -> "Schedule":
        if self.warm_up_steps and self.every == "epoch":
            raise ValueError('`warm_up_steps` needs `every = "step"`, got "epoch"')
        return self
