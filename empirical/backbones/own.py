"""A backbone of the user's own, named `package.module:function` (docs/backbones.md).

The function is called as `function(checkpoint, **options)` and returns a `Backbone`. It is the user's code and is
trusted as such; what it returns is checked before anything is trained. Only a function that declares itself with
`backbone` is called: a suite's file cannot call any other.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp

from artifacts import UserError
from empirical.backbones.backbone import KINDS, Backbone, Role

DEFAULT_SIDE = 224
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_DECLARED = "__makes_a_backbone__"
Function = TypeVar("Function", bound=Callable[..., Any])


def backbone(function: Function) -> Function:
    """Declare a function that makes a backbone, so that a recipe may name it; the function itself is unchanged."""
    setattr(function, _DECLARED, function)
    return function


def own_backbone(name: str, checkpoint: Path | None, options: Mapping[str, Any]) -> Backbone:
    """What the named function makes.

    Args:
      name: `package.module:function`, the function declared by `backbone`.
      checkpoint: passed on as the function's first argument; None: no file was named.
      options: passed on by keyword.
    Raises:
      UserError: there is no such function, or what it makes is no backbone.
    """
    if NAME.fullmatch(name) is None:
        raise UserError(f"A backbone of your own must be named package.module:function, got {name!r}.")
    module, _, function = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]
        hint = "; PYTHONPATH must name the folder that it lies in, as in `PYTHONPATH=. distort ...`" if absent else ""
        raise UserError(
            f"A backbone of your own must be named package.module:function and be importable, got {name!r} "
            f"({error}{hint})."
        ) from error
    # The mark holds the function itself: what wraps a declared one, or copies its marks, has not declared itself.
    if not callable(make) or getattr(make, "__dict__", {}).get(_DECLARED) is not make:
        raise UserError(
            f"{name} must be declared as a backbone: write `@backbone` (empirical.backbones.own) above the function."
        )
    try:
        made = make(checkpoint, **options)
    except TypeError as error:
        raise UserError(f"{name} must take a checkpoint's path and the options {sorted(options)} ({error}).") from error
    return checked(name, made)


def checked(name: str, made: Any) -> Backbone:
    """What was made, where it keeps the protocol of `Backbone`; nothing is computed, only shapes are followed.

    Raises:
      UserError: what is wrong.
    """
    if not isinstance(made, Backbone):
        raise UserError(f"{name} must return a Backbone (docs/backbones.md), got {type(made).__name__}.")
    odd = [leaf for leaf in jax.tree.leaves(made) if not eqx.is_array(leaf) or leaf.dtype != jnp.float32]
    if odd:
        raise UserError(f"{name}: every leaf must be a float32 array, got {getattr(odd[0], 'dtype', type(odd[0]))}.")
    _check_roles(name, made)
    images = jax.ShapeDtypeStruct((2, side := made.side or DEFAULT_SIDE, side, 3), jnp.float32)
    for mode in ("train", "eval"):
        try:
            features, network = eqx.filter_eval_shape(lambda net, x, mode=mode: net(x, mode), made, images)
        except (TypeError, ValueError) as error:
            message = str(error).partition("\n")[0]
            raise UserError(f"{name} must take images of {side} x {side} in {mode} mode, but {message}") from error
        if features.shape != (2, made.feature_dim) or features.dtype != jnp.float32:
            got = f"{features.dtype}{list(features.shape)}"
            raise UserError(f"{name} must give float32 features of width {made.feature_dim}, got {got}.")
        if jax.tree.structure(network) != jax.tree.structure(made):
            raise UserError(f"{name} must return itself with its statistics from a pass in {mode} mode.")
    return made


def _check_roles(name: str, made: Backbone) -> None:
    roles = made.roles()
    if jax.tree.structure(roles) != jax.tree.structure(made):
        raise UserError(f"{name}: roles() must have the backbone's own structure.")
    for role in jax.tree.leaves(roles):
        if not isinstance(role, Role) or role.kind not in KINDS or not 0 <= role.block <= made.blocks:
            raise UserError(f"{name}: every role must be a Role of block 0 to {made.blocks}, got {role}.")
