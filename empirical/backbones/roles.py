"""Roles read off a network's structure: an array's field says its kind, its place in `layers` its depth."""

from typing import Any

import jax
from jaxtyping import PyTree

from empirical.backbones.backbone import Backbone, Role, RoleKind

KIND_OF_FIELD: dict[str, RoleKind] = {
    "kernel": "kernel", "bias": "kernel", "scale": "norm_affine", "shift": "norm_affine",
    "mean": "norm_statistics", "variance": "norm_statistics", "token": "token", "positions": "token",
}  # fmt: skip


def roles_by_field(backbone: Backbone, *, last: tuple[str, ...] = ()) -> PyTree[Role]:
    """Roles of a network whose blocks are the entries of its field `layers`.

    Whatever else it holds belongs to block 0, unless its field is named in `last`: that belongs to the last block.
    """

    def role(path: tuple[Any, ...], _: Any) -> Role:
        at = backbone.blocks if path[0].name in last else 0
        block = path[1].idx + 1 if path[0].name == "layers" else at
        return Role(KIND_OF_FIELD[path[-1].name], block)

    return jax.tree_util.tree_map_with_path(role, backbone)
