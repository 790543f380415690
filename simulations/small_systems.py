"""Linear systems of few unknowns, many at once: written out, so that they become part of the loop around them.

A library's solver is called once for every matrix and cannot be fused with what surrounds it; for three unknowns the
calls took two thirds of the time of the implicit integrator.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

#: Most unknowns that are written out: the text of the elimination grows with their cube.
FEW = 4


def solve(matrix: Float[Array, "r r"], right: Float[Array, " r"]) -> Float[Array, " r"]:
    """What `jnp.linalg.solve` gives, by the same elimination with partial pivoting; for use under `jit` and `vmap`."""
    count = len(right)
    if count > FEW:
        return jnp.linalg.solve(matrix, right)
    rows = [[*(matrix[i, j] for j in range(count)), right[i]] for i in range(count)]
    for i in range(count):
        for j in range(i + 1, count):
            _larger_pivot_first(rows, i, j)
        for j in range(i + 1, count):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [below - factor * above for above, below in zip(rows[i], rows[j], strict=True)]
    solution: list[Array] = []
    for i in reversed(range(count)):
        known = sum((value * rows[i][count - 1 - n] for n, value in enumerate(solution)), jnp.zeros_like(right[0]))
        solution.append((rows[i][count] - known) / rows[i][i])
    return jnp.stack(solution[::-1])


def _larger_pivot_first(rows: list[list[Array]], first: int, other: int) -> None:
    """Exchange two rows where the other has the larger entry in the column of the first."""
    larger = jnp.abs(rows[other][first]) > jnp.abs(rows[first][first])
    pairs = list(zip(rows[first], rows[other], strict=True))
    rows[first] = [jnp.where(larger, below, above) for above, below in pairs]
    rows[other] = [jnp.where(larger, above, below) for above, below in pairs]
