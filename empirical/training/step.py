"""One step of training, as a pure function of state, batch and learning rates."""

from typing import Any, NamedTuple, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float32, Int32, Key

from empirical.methods import L2SP, SGD, AdamW, Mixup
from empirical.records import NormMode
from empirical.training.groups import Grouping
from empirical.training.objective import Examples, distance_penalty, examples, summed_cross_entropy
from empirical.training.optimisers import direction
from empirical.training.run import TrainingRun
from empirical.training.variables import Variables


class State(NamedTuple):
    """All that a step changes: arrays and, for each group of parameters, its optimiser's memory."""

    variables: Variables
    optimiser: tuple[Any, ...]


class Rule(NamedTuple):
    """What is the same in every step, and no more than that: methods that share it share their compiled step.

    `members`: the group of each array, as in `Grouping`; `waiting`: for each group, whether it trains from some later
    step on; `pretrained`: where a penalty pulls to, None without one.
    """

    members: tuple[int | None, ...]
    waiting: tuple[bool, ...]
    norm_mode: NormMode
    optimiser: SGD | AdamW
    mixing: Mixup | None
    penalty: L2SP | None
    microbatches: int
    pretrained: Variables | None

    @classmethod
    def of(cls, run: TrainingRun, grouping: Grouping, start: Variables) -> "Rule":
        """The rule of a run that starts from `start`."""
        method = run.method
        return cls(
            members=grouping.members,
            waiting=tuple(group.block is not None for group in grouping.groups),
            norm_mode=method.norm_mode,
            optimiser=method.optimiser,
            mixing=method.mixing,
            penalty=method.penalty,
            microbatches=run.microbatches,
            pretrained=start if method.penalty is not None else None,
        )

    @property
    def groups(self) -> range:
        """Positions of the groups."""
        return range(len(self.waiting))

    def select(self, variables: Variables, group: int | None) -> Variables:
        """The arrays of one group, None elsewhere; of group None, those that no optimiser moves."""
        arrays, structure = jax.tree.flatten(variables)
        pairs = zip(arrays, self.members, strict=True)
        return jax.tree.unflatten(structure, [array if member == group else None for array, member in pairs])


def initial(variables: Variables, rule: Rule) -> State:
    """Before the first step. The arrays are copies: training consumes what it is given."""
    copied = jax.tree.map(jnp.copy, variables)
    return State(copied, _memories(copied, rule))


@eqx.filter_jit
def _memories(variables: Variables, rule: Rule) -> tuple[Any, ...]:
    """Of each group's optimiser; one program for all their arrays of zeros."""
    optimiser = direction(rule.optimiser)
    return tuple(optimiser.init(cast(Any, rule.select(variables, group))) for group in rule.groups)


def stepped(
    state: State,
    images: Float32[Array, "b side side 3"],
    labels: Int32[Array, " b"],
    rates: Float32[Array, " groups"],
    rule: Rule,
    *,
    key: Key[Array, ""],
) -> tuple[State, Float32[Array, ""]]:
    """The state after a step, and the batch's loss (cross-entropy without the penalty).

    A group whose rate is 0 waits: neither its parameters nor its optimiser's memory change.

    Args:
      rates: learning rate of each group.
      key: of mixing.
    """
    batch = examples(images, labels, rule.mixing, key=key)
    trained = tuple(rule.select(state.variables, group) for group in rule.groups)
    fixed = rule.select(state.variables, None)
    gradients, loss, after = _gradients(trained, fixed, batch, rule)
    gradients = _clipped(gradients, rates, rule.optimiser.clip_norm)
    optimiser = direction(rule.optimiser)
    moved, memories = [], []
    for group in rule.groups:
        # optax's types know dictionaries of arrays only; it takes any tree.
        step, memory = optimiser.update(gradients[group], state.optimiser[group], cast(Any, trained[group]))
        now = jax.tree.map(lambda p, u, rate=rates[group]: p - rate * u, trained[group], step)
        if rule.waiting[group]:
            opened = rates[group] > 0
            now, memory = _where(opened, (now, memory), (trained[group], state.optimiser[group]))
        moved.append(now)
        memories.append(memory)
    return State(_with_statistics(eqx.combine(*moved, fixed), after), tuple(memories)), loss


def _gradients(
    trained: tuple[Variables, ...], fixed: Variables, batch: Examples, rule: Rule
) -> tuple[tuple[Variables, ...], Float32[Array, ""], Variables]:
    """Gradients, loss, and the variables with the norm statistics that the pass left behind."""
    count = len(batch.images)

    def loss(trained: tuple[Variables, ...], part: Examples) -> tuple[Array, Variables]:
        variables = eqx.combine(*trained, fixed)
        scores, after = variables.merged()(part.images, rule.norm_mode)
        return summed_cross_entropy(scores, part.targets) / count, Variables(after, variables.updates)

    of_part = eqx.filter_value_and_grad(loss, has_aux=True)
    if rule.microbatches == 1:
        (value, after), gradients = of_part(trained, batch)
    else:
        parts = _parts(batch, rule.microbatches)
        zero = jax.tree.map(jnp.zeros_like, trained)

        def add(total: tuple[Array, Any], part: Examples) -> tuple[tuple[Array, Any], None]:
            (value, _), gradients = of_part(trained, part)
            return (total[0] + value, jax.tree.map(jnp.add, total[1], gradients)), None

        (value, gradients), _ = jax.lax.scan(add, (jnp.float32(0), zero), parts)
        after = eqx.combine(*trained, fixed)
    if rule.penalty is not None and rule.pretrained is not None:
        before = tuple(rule.select(rule.pretrained, group) for group in rule.groups)
        gradients = jax.tree.map(jnp.add, gradients, _penalty_gradients(rule.penalty, trained, before))
    return gradients, value, after


def _penalty_gradients(
    penalty: L2SP, trained: tuple[Variables, ...], before: tuple[Variables, ...]
) -> tuple[Variables, ...]:
    def backbones(variables: tuple[Variables, ...]) -> list[Any]:
        return [state.classifier.backbone for state in variables]

    return jax.grad(lambda now: distance_penalty(penalty, backbones(now), backbones(before)))(trained)


def _parts(batch: Examples, parts: int) -> Examples:
    """The batch with a leading axis of microbatches, every `parts`-th image in each; filled up with weight 0.

    Strided, so that a batch that is split over devices stays where it is.
    """
    missing = -len(batch.images) % parts

    def split(array: Array) -> Array:
        padded = jnp.pad(array, [(0, missing), *[(0, 0)] * (array.ndim - 1)])
        return padded.reshape(-1, parts, *array.shape[1:]).swapaxes(0, 1)

    return jax.tree.map(split, batch)


def _clipped(gradients: Any, rates: Float32[Array, " groups"], bound: float | None) -> Any:
    """Scaled to a common norm of at most `bound`; groups that wait do not count."""
    if bound is None:
        return gradients
    counted = [jax.tree.map(lambda g, rate=rate: jnp.where(rate > 0, g, 0), part) for part, rate in
               zip(gradients, rates, strict=True)]  # fmt: skip
    factor = jnp.minimum(1, bound / (optax.tree.norm(counted) + 1e-6))  # PyTorch's guard against 0
    return jax.tree.map(lambda g: (factor * g).astype(g.dtype), gradients)


def _where(condition: Array, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda left, right: jnp.where(condition, left, right), yes, no)


def _with_statistics(moved: Variables, after: Variables) -> Variables:
    """Parameters of the one, running statistics of the other."""
    return jax.tree.map(
        lambda role, now, seen: seen if role.kind == "norm_statistics" else now, moved.roles(), moved, after
    )
