"""Parameters that share a learning rate and the moment from which they train; each group has an optimiser state."""

from typing import NamedTuple

import jax

from empirical.methods import Method
from empirical.methods.unfreezing import Moment
from empirical.training.variables import UPDATE, Variables


class ParameterGroup(NamedTuple):
    """`factor`: its learning rate in units of the run's; `block`: what must open before it trains, None for nothing."""

    factor: float
    block: int | None

    def rate(self, method: Method, blocks: int, now: Moment) -> float:
        """The factor of its learning rate now; 0 where it waits.

        Args:
          blocks: how many the network has.
        """
        if method.unfreezing is None:
            return self.factor
        waits = self.block is not None and not method.unfreezing.open(self.block, blocks, now)
        return 0.0 if waits else self.factor * method.unfreezing.boost(now)


class Grouping(NamedTuple):
    """The groups, and which of them each array belongs to (in the order of the arrays; None: it does not move)."""

    groups: tuple[ParameterGroup, ...]
    members: tuple[int | None, ...]


def grouping(variables: Variables, method: Method) -> Grouping:
    """Group what the method moves."""
    of_arrays: list[ParameterGroup | None] = []
    for role in jax.tree.leaves(variables.roles()):
        if role == UPDATE:
            of_arrays.append(ParameterGroup(1.0, None))
        elif method.moves(role):
            waits = method.unfreezing is not None and role.kind != "head"
            of_arrays.append(ParameterGroup(method.rate_factor(role), role.block if waits else None))
        else:
            of_arrays.append(None)
    groups = tuple(dict.fromkeys(group for group in of_arrays if group is not None))
    return Grouping(groups, tuple(None if group is None else groups.index(group) for group in of_arrays))
