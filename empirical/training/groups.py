"""Parameters that share a learning rate and the moment from which they train; each group has an optimiser state."""

from typing import NamedTuple

import jax

from empirical.methods import Method
from empirical.methods.unfreezing import Moment
from empirical.training.variables import UPDATE, Variables


class ParameterGroup(NamedTuple):
    """What trains alike.

    Attributes:
      head: whether it is the head, a group of its own also where its rate is that of the others: methods that differ in
        rates alone then share their compiled step.
      factor: its learning rate in units of the run's.
      block: what must open before it trains; None for nothing.
    """

    head: bool
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
            of_arrays.append(ParameterGroup(head=False, factor=1.0, block=None))
        elif method.moves(role):
            head = role.kind == "head"
            block = None if method.unfreezing is None or head else role.block
            of_arrays.append(ParameterGroup(head, method.rate_factor(role), block))
        else:
            of_arrays.append(None)
    groups = tuple(dict.fromkeys(group for group in of_arrays if group is not None))
    return Grouping(groups, tuple(None if group is None else groups.index(group) for group in of_arrays))
