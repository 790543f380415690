"""What training changes: a classifier, with low-rank updates beside its kernels where the method asks for them."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Key, PyTree

from artifacts import UserError
from empirical.backbones.backbone import Role
from empirical.backbones.classifier import Classifier
from empirical.methods import LoRA, Method, Parameters, SideTuning
from empirical.training.side_tuning import SideTuned

#: A role of the low-rank updates: no role of a network, so no method names it, and it always trains.
UPDATE = Role("kernel", -1)


class LowRank(eqx.Module):
    """An update of a kernel: `scale` times the product of two factors, in the shape of the kernel."""

    left: Float32[Array, "rows rank"]
    right: Float32[Array, "rank columns"]
    scale: float = eqx.field(static=True)

    def added_to(self, kernel: Float32[Array, "..."]) -> Float32[Array, "..."]:
        """The kernel as it computes."""
        product = jnp.matmul(self.left, self.right, precision="highest")
        return kernel + self.scale * product.reshape(kernel.shape)


class Variables(eqx.Module):
    """A classifier and, array by array in its order, the updates beside it; no updates at all for most methods."""

    classifier: Classifier
    updates: tuple[LowRank | None, ...] = ()

    def merged(self) -> Classifier:
        """The classifier that computes: updates added into its kernels, as training itself sees them."""
        if not self.updates:
            return self.classifier
        arrays, structure = jax.tree.flatten(self.classifier)
        pairs = zip(arrays, self.updates, strict=True)
        return jax.tree.unflatten(structure, [a if update is None else update.added_to(a) for a, update in pairs])

    def roles(self) -> PyTree[Role]:
        """The role of every array, in a tree of the same structure."""
        return Variables(self.classifier.roles(), jax.tree.map(lambda _: UPDATE, self.updates))


def variables(start: Classifier, method: Method, *, key: Key[Array, ""]) -> Variables:
    """What a method trains when it starts from `start`.

    Args:
      key: of adapters that are drawn: low-rank updates, a fresh side network.
    Raises:
      UserError: the network has no parameters of the kinds and blocks that the method names.
    """
    if isinstance(method.adapter, SideTuning):
        side = start.backbone.reinitialised(key=key) if method.adapter.start == "random" else start.backbone
        start = Classifier(SideTuned(start.backbone, side), start.head)
    updates = _updates(start, method.adapter, key=key) if isinstance(method.adapter, LoRA) else ()
    _check(start, method)
    return Variables(start, updates)


def _updates(start: Classifier, adapter: LoRA, *, key: Key[Array, ""]) -> tuple[LowRank | None, ...]:
    chosen = Parameters(kinds=("kernel",), first=adapter.first, last=adapter.last)
    arrays, roles = jax.tree.leaves(start), jax.tree.leaves(start.roles())
    updates = tuple(
        _update(array, adapter, key=jax.random.fold_in(key, index)) if role in chosen and array.ndim > 1 else None
        for index, (array, role) in enumerate(zip(arrays, roles, strict=True))
    )
    if not any(updates):
        raise UserError(f"LoRA must find kernels to update, but the network has no {chosen}.")
    return updates


def _update(kernel: Float32[Array, "..."], adapter: LoRA, *, key: Key[Array, ""]) -> LowRank:
    """One factor random, the other zero, so that training starts at the pretrained network."""
    columns = kernel.shape[-1]
    rows = kernel.size // columns
    bound = 1 / math.sqrt(rows)
    return LowRank(
        jax.random.uniform(key, (rows, adapter.rank), jnp.float32, -bound, bound),
        jnp.zeros((adapter.rank, columns), jnp.float32),
        adapter.scale,
    )


def _check(start: Classifier, method: Method) -> None:
    roles = jax.tree.leaves(start.roles())
    for part in (*method.freezes, *method.rate_factors):
        if not any(role in part for role in roles):
            raise UserError(f"{method.label} names {part}, but the network has none; its blocks end at "
                            f"{start.backbone.blocks}.")  # fmt: skip
    backbone = [kind for kind in method.trains if kind != "head"]
    if backbone and not any(method.moves(role) and role.kind != "head" for role in roles):
        raise UserError(f"{method.label} must train {' or '.join(backbone)} of the network, but it has none to train.")
