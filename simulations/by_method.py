"""One thing for each of the three methods, and the risks that are most often that thing."""

from typing import Generic, TypeVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from simulations.method_names import METHODS, MethodName

T = TypeVar("T")


class ByMethod(eqx.Module, Generic[T]):
    """A value for each method: `risks.lp_ft`, `risks["lp_ft"]`, or all of them in the order of every legend."""

    linear_probing: T
    fine_tuning: T
    lp_ft: T

    def __getitem__(self, method: str) -> T:
        return getattr(self, method)

    def items(self) -> tuple[tuple[MethodName, T], ...]:
        """Pairs of method and value."""
        return tuple((method, self[method]) for method in METHODS)


class Risks(eqx.Module):
    """Expected squared errors: `id` under the ID inputs' own distribution, `ood` with all directions alike."""

    id: Float[Array | np.ndarray, "*batch"]
    ood: Float[Array | np.ndarray, "*batch"]


class FlowRisks(Risks):
    """Risks at the limit of a flow, and what happens on the way there.

    `lowest_ood` and `highest_ood` are over all stopping times, start and limit included. `movement` is the root mean
    square change of the features over ID inputs of unit length, at the limit.
    """

    lowest_ood: Float[Array | np.ndarray, "*batch"]
    highest_ood: Float[Array | np.ndarray, "*batch"]
    movement: Float[Array | np.ndarray, "*batch"]
