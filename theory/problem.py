"""Problem: the truth, a pretrained network, the ID subspace and the second moments of the inputs."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from theory.arguments import ORTHONORMAL_ATOL, check_orthonormal, check_shape, is_concrete
from theory.networks import LinearNetwork
from theory.row_space import row_space

#: A covariance is singular when its smallest eigenvalue is below this multiple of the largest.
SINGULAR_RTOL = 1e-14


class Problem(eqx.Module):
    """One instance of the paper's setting.

    The training inputs enter only through the ID subspace and their second moment there, because the labels carry no
    noise. Premises are checked when the arrays are concrete; inside `jit` and `vmap` only shapes can be.

    Attributes:
      truth: head v* and features B* (orthonormal rows); labels are `y = truth(x)`.
      pretrained: features B0 (orthonormal rows) and the head v0 at which training starts.
      id_frame: orthonormal basis F of the ID subspace S, 1 <= m < d.
      training_covariance: C = F^T X^T X F, summed over the examples, positive definite.
      id_covariance: second moment of the ID inputs in the coordinates of `id_frame`; None is the identity, with which
        the ID risk is the worst case over the unit ball of S.
      ood_covariance: second moment of the OOD inputs, invertible; None is the identity, with which the OOD risk is
        the worst case over the unit ball, the submission's definition.
      diagonal_covariance: promises that C is diagonal, so that nobody has to decompose it.

    Raises:
      ValueError: shapes disagree, m >= d, k >= d, rows or columns are not orthonormal, a covariance is not symmetric
        and positive definite, or an entry is not finite.
    Source: submission, section 3.1.
    """

    truth: LinearNetwork
    pretrained: LinearNetwork
    id_frame: Float[Array, "d m"]
    training_covariance: Float[Array, "m m"]
    id_covariance: Float[Array, "m m"] | None = None
    ood_covariance: Float[Array, "d d"] | None = None
    diagonal_covariance: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        _check_shapes(self)
        self.check_frames()
        if _is_known(self):
            _check_covariances(self)

    @classmethod
    def from_inputs(
        cls,
        truth: LinearNetwork,
        pretrained: LinearNetwork,
        inputs: Float[Array | np.ndarray, "n d"],
        *,
        id_covariance: Float[Array, "m m"] | None = None,
        ood_covariance: Float[Array, "d d"] | None = None,
    ) -> "Problem":
        """The problem whose training inputs are the rows of `inputs`: one decomposition gives S and C.

        Directions whose singular value is below rounding do not count as part of S. Not for use under `jit`: the
        rank decides shapes.

        Args:
          inputs: one training example a row, not centred.
          id_covariance, ood_covariance: as in `Problem`; the first in the basis of S that the decomposition gives.
        Raises:
          ValueError: the inputs have another width than the features or no direction, or the problem is none.
        """
        inputs = np.asarray(inputs)
        (_, d) = pretrained.features.shape
        if inputs.ndim != 2 or inputs.shape[1] != d or not len(inputs):
            raise ValueError(f"`inputs` must have shape (n, {d}), one example a row, got {inputs.shape}.")
        if not np.isfinite(inputs).all() or not inputs.any():
            raise ValueError("`inputs` must be finite and not all zero.")
        rows, squares = row_space(inputs)
        return cls(
            truth=truth,
            pretrained=pretrained,
            id_frame=jnp.asarray(rows.T),
            training_covariance=jnp.diag(jnp.asarray(squares)),
            id_covariance=id_covariance,
            ood_covariance=ood_covariance,
            diagonal_covariance=True,
        )

    def check_frames(self) -> None:
        """Raise ValueError where an entry is known not to be finite, or rows or columns not to be orthonormal."""
        if _is_known(self):
            _check_frames(self)

    @property
    def input_dim(self) -> int:
        """d, the number of coordinates of an input."""
        return self.id_frame.shape[0]

    @property
    def feature_dim(self) -> int:
        """k, the number of features."""
        return self.pretrained.features.shape[0]

    @property
    def id_dim(self) -> int:
        """m, the dimension of the ID subspace."""
        return self.id_frame.shape[1]

    def __repr__(self) -> str:
        """Dimensions, and what the bounds depend on; inside `jit` and `vmap` the dimensions alone."""
        if not all(isinstance(leaf, np.ndarray | jax.Array) for leaf in jax.tree.leaves(self)):
            return "Problem(placeholders of a transformation)"
        *batch, d, m = self.id_frame.shape
        if batch:
            return f"Problem(a batch of {' x '.join(map(str, batch))}, d={d}, m={m})"
        sizes = f"d={d}, k={self.feature_dim}, m={m}"
        if not _is_known(self):
            return f"Problem({sizes}, traced)"
        from theory.alignment import feature_error, head_alignment_error, truth_norm

        quantities = {"W": truth_norm, "eps": feature_error, "phi": head_alignment_error}
        values = [f"{name}={float(quantity(self)):.3g}" for name, quantity in quantities.items()]
        return f"Problem({sizes}, {', '.join(values)})"

    def with_head(self, head: Float[Array, " k"]) -> "Problem":
        """The same problem, training from another head, an array or a list of numbers.

        Raises:
          ValueError: the head has another shape, or an entry that is not finite.
        """
        check_shape("head", head, (self.feature_dim,), f"k={self.feature_dim}")
        head = jnp.asarray(head, self.pretrained.head.dtype)
        if is_concrete(head) and not np.isfinite(np.asarray(head)).all():
            raise ValueError("`head` must be finite, got entries that are not.")
        return eqx.tree_at(lambda problem: problem.pretrained.head, self, head)

    def is_overparameterised(self) -> Bool[Array, ""]:
        """Whether k < m < d - k, the premise of the paper's theorems (the exact solutions here need less)."""
        return jnp.asarray(self.feature_dim < self.id_dim < self.input_dim - self.feature_dim)


def _is_known(problem: Problem) -> bool:
    return all(is_concrete(leaf) for leaf in jax.tree.leaves(problem))


def _check_shapes(problem: Problem) -> None:
    features, frame = problem.pretrained.features, problem.id_frame
    if features.ndim != 2 or frame.ndim != 2:
        raise ValueError(
            "`pretrained.features` must be (k, d) and `id_frame` (d, m); build batches inside `jax.vmap`; "
            f"got shapes {features.shape} and {frame.shape}."
        )
    (k, d), m = features.shape, frame.shape[1]
    if not 1 <= k < d:
        raise ValueError(f"`pretrained.features` must have 1 <= k < d rows, got k={k}, d={d}.")
    if not 1 <= m < d:
        raise ValueError(f"`id_frame` must leave OOD directions (1 <= m < d), got m={m}, d={d}.")
    expected = {
        "truth.features": (problem.truth.features, (k, d)),
        "truth.head": (problem.truth.head, (k,)),
        "pretrained.head": (problem.pretrained.head, (k,)),
        "id_frame": (frame, (d, m)),
        "training_covariance": (problem.training_covariance, (m, m)),
        "id_covariance": (problem.id_covariance, (m, m)),
        "ood_covariance": (problem.ood_covariance, (d, d)),
    }
    for name, (array, shape) in expected.items():
        if array is not None and array.shape != shape:
            raise ValueError(f"`{name}` must have shape {shape} (k={k}, d={d}, m={m}), got {array.shape}.")


def _check_frames(problem: Problem) -> None:
    arrays = {
        "truth.head": problem.truth.head,
        "truth.features": problem.truth.features,
        "pretrained.head": problem.pretrained.head,
        "pretrained.features": problem.pretrained.features,
        "id_frame": problem.id_frame,
        "training_covariance": problem.training_covariance,
        "id_covariance": problem.id_covariance,
        "ood_covariance": problem.ood_covariance,
    }
    values = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    for name, array in values.items():
        if not np.isfinite(array).all():
            raise ValueError(f"`{name}` must be finite, got {np.sum(~np.isfinite(array))} entries that are not.")
    check_orthonormal("truth.features", "rows", values["truth.features"])
    check_orthonormal("pretrained.features", "rows", values["pretrained.features"])
    check_orthonormal("id_frame", "columns", values["id_frame"].T)


def _check_covariances(problem: Problem) -> None:
    if problem.diagonal_covariance:
        _check_positive_diagonal(np.asarray(problem.training_covariance))
    else:
        _check_positive_definite("training_covariance", np.asarray(problem.training_covariance))
    for name in ("id_covariance", "ood_covariance"):
        covariance = getattr(problem, name)
        if covariance is not None:
            _check_positive_definite(name, np.asarray(covariance))


def _check_positive_definite(name: str, matrix: np.ndarray) -> None:
    asymmetry = np.abs(matrix - matrix.T).max()
    if asymmetry > ORTHONORMAL_ATOL * np.abs(matrix).max():
        raise ValueError(f"`{name}` must be symmetric, got entries that differ by {asymmetry:.3g}.")
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues[0] <= SINGULAR_RTOL * max(eigenvalues[-1], 0.0):
        raise ValueError(
            f"`{name}` must be positive definite, got eigenvalues from {eigenvalues[0]:.3g} to {eigenvalues[-1]:.3g}."
        )


def _check_positive_diagonal(matrix: np.ndarray) -> None:
    diagonal = np.diagonal(matrix)
    if np.count_nonzero(matrix) > np.count_nonzero(diagonal) or diagonal.min() <= SINGULAR_RTOL * diagonal.max():
        raise ValueError(
            "`training_covariance` must be diagonal and positive with `diagonal_covariance`, got a smallest diagonal "
            f"entry of {diagonal.min():.3g} and {np.count_nonzero(matrix)} entries that are not zero."
        )
