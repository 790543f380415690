"""Checks of arguments at the public functions: shapes always, values where they are concrete.

Inside `jit` and `vmap` values are not known yet and pass. A message names the argument, says what must hold and what
came.
"""

import math

import jax
import jax.core
import numpy as np
from jaxtyping import Array, ArrayLike

#: An angle of exactly pi / 2 may come out of an arcsine a rounding error above it.
ROUNDING = 1e-12
RIGHT_ANGLE = math.pi / 2
#: Rows and columns count as orthonormal when their Gram matrix is this close to the identity: SVD and QR in double
#: precision leave 1e-15, data that passed through single precision leave 1e-7 and are refused.
ORTHONORMAL_ATOL = 1e-9


def is_concrete(value: object) -> bool:
    """Whether a value is known: an array or number that is not being traced."""
    return isinstance(value, np.ndarray | np.generic | jax.Array | int | float) and not isinstance(
        value, jax.core.Tracer
    )


def check_shape(name: str, array: Array | np.ndarray, shape: tuple[int, ...], why: str) -> None:
    """Raise ValueError unless an array has this shape; `why` says where the numbers come from.

    Args:
      name: the argument's, for the message.
      why: where the numbers come from, in parentheses in the message.
    """
    if tuple(np.shape(array)) != shape:
        raise ValueError(f"`{name}` must have shape {shape} ({why}), got {tuple(np.shape(array))}.")


def check_number(name: str, value: ArrayLike, low: float, high: float = math.inf, *, above: bool = False) -> None:
    """Raise ValueError unless an argument is one number, traced or not, and lies where `check_range` asks.

    An array would pass on to arithmetic that broadcasts it: into another problem, or into an error of JAX's.

    Args:
      name, low, high, above: as for `check_range`.
    """
    if not isinstance(value, np.ndarray | np.generic | jax.Array | int | float):
        raise ValueError(f"`{name}` must be a number, got {value!r}.")
    if np.shape(value) != ():
        raise ValueError(f"`{name}` must be one number, got an array of shape {np.shape(value)}.")
    check_range(name, value, low, high, above=above)


def check_range(name: str, value: ArrayLike, low: float, high: float = math.inf, *, above: bool = False) -> None:
    """Raise ValueError where a concrete value is NaN or outside [low, high]; `above`: it must exceed `low`.

    Args:
      name: the argument's, for the message.
      low, high: ends of the range, in the argument's unit.
      above: `low` itself is refused too.
    """
    if not is_concrete(value):
        return
    values = np.atleast_1d(np.asarray(value, float)).ravel()
    margin = ROUNDING if math.isfinite(high) else 0.0
    inside = ((values > low) if above else (values >= low)) & (values <= high + margin) & np.isfinite(values)
    if not inside.all():
        raise ValueError(f"`{name}` must {_said(low, high, above)}, got {values[~inside][0]:g}.")


def check_orthonormal(name: str, lines: str, rows: Array | np.ndarray) -> None:
    """Raise ValueError unless a concrete matrix has orthonormal rows; `lines` is what they are in the argument.

    Args:
      name: the argument's, for the message.
      lines: what the rows are in the argument: rows or columns.
      rows: the matrix, turned so that they are its rows.
    """
    if not is_concrete(rows):
        return
    matrix = np.asarray(rows)
    deviation = np.abs(matrix @ matrix.T - np.eye(matrix.shape[0])).max(initial=0.0)
    if deviation <= ORTHONORMAL_ATOL:
        return
    if matrix.dtype == np.float32:
        raise ValueError(
            f"`{name}` must be in double precision, got float32; call `artifacts.runtime.prepare_jax()` before the "
            "first computation (arrays that were made before must be made anew)."
        )
    raise ValueError(
        f"`{name}` must have orthonormal {lines} (Gram matrix within {ORTHONORMAL_ATOL:g} of the identity), "
        f"got a deviation of {deviation:.3g}; orthonormalise with `jnp.linalg.qr`, in double precision."
    )


def check_frame(name: str, frame: Array | np.ndarray) -> None:
    """Raise ValueError unless an array is a matrix with orthonormal columns."""
    if np.ndim(frame) != 2:
        raise ValueError(f"`{name}` must be a matrix with orthonormal columns, got shape {tuple(np.shape(frame))}.")
    check_orthonormal(name, "columns", frame.T)


def check_key(what: str, key: object) -> None:
    """Raise ValueError where something else was passed as a key of `jax.random`."""
    if not isinstance(key, np.ndarray | jax.Array):
        raise ValueError(f"`key` of {what} must be a key of jax.random, got {key!r}; jax.random.key(0) is one.")


def check_double_precision(what: str) -> None:
    """Raise ValueError where JAX computes in single precision, in which no result of the theory holds to 1e-9."""
    if not jax.config.read("jax_enable_x64"):
        raise ValueError(
            f"{what} must be called in double precision, but JAX computes in single; call "
            "`artifacts.runtime.prepare_jax()` before the first computation."
        )


def _said(low: float, high: float, above: bool) -> str:
    if math.isfinite(high):
        shown = {RIGHT_ANGLE: "pi/2", math.sqrt(2): "sqrt(2)"}.get(high, f"{high:g}")
        return f"lie between {low:g} and {shown}"
    if not math.isfinite(low):
        return "be finite"
    return f"be finite and {'above' if above else 'at least'} {low:g}"
