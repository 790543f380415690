"""Hypothesis strategies for problems and their parts: valid by construction, plain when shrunk, reaching the corners.

For property tests of a claim (docs/own_claim.md); they need Hypothesis, which is in the extra `test`.

Nothing is rejected, so that every example counts. Shapes are arguments and never drawn, so that a jitted function
compiles once. Arrays are built with NumPy from few drawn floats; only whole problems hold JAX arrays.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jaxtyping import Float

from theory import LinearNetwork, Problem
from theory.bounds import implicit_lower_bound

#: Hypothesis's own `DrawFn` is a protocol that cannot be checked at run time.
Draw = Callable[..., Any]
Vector = Float[np.ndarray, " k"]
#: Of any size, since one strategy takes matrices of several.
Matrix = Float[np.ndarray, "_ _"]


class Shape(NamedTuple):
    """d inputs, k features, m ID directions."""

    input_dim: int
    feature_dim: int
    id_dim: int


class Geometry(NamedTuple):
    """All of a problem but its feature error; the truth is aligned with the pretrained features.

    `away` holds orthonormal rows outside the pretrained row space, towards which the true features may tilt;
    `tilts` says how far each tilts relative to the first.
    """

    features: Matrix
    away: Matrix
    tilts: Vector
    id_frame: Matrix
    training_covariance: Matrix
    truth_head: Vector
    head: Vector
    rotation: Matrix


@cache
def _floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


@cache
def _vectors(dim: int, entries: st.SearchStrategy[float]) -> st.SearchStrategy[Vector]:
    return arrays(float, dim, elements=entries)


@cache
def scales(decades: float = 3.0) -> st.SearchStrategy[float]:
    """Positive numbers, log-uniform over so many decades either side of 1, to which they shrink."""
    return _floats(-decades, decades).map(lambda exponent: 10.0**exponent)


@cache
def angles(margin: float = 0.0) -> st.SearchStrategy[float]:
    """Angles in [margin, pi/2 - margin], ends included and often approached; they shrink to pi/4."""
    low, high = margin, np.pi / 2 - margin
    gaps = _floats(-10.0, -1.0).map(lambda exponent: 10.0**exponent)
    return st.one_of(
        st.just(np.pi / 4),
        _floats(low, high),
        st.sampled_from((low, high)),
        gaps.map(lambda gap: min(low + gap, high)),
        gaps.map(lambda gap: max(high - gap, low)),
    )


@cache
def feature_errors() -> st.SearchStrategy[float]:
    """eps in [0, sqrt 2]: exactly 0, tiny, moderate and large up to orthogonal features; it shrinks to 0."""
    return st.one_of(
        st.just(0.0),
        _floats(-12.0, -1.0).map(lambda exponent: 10.0**exponent),
        _floats(0.1, 1.4),
        st.just(np.sqrt(2.0)),
    )


#: Enough for a direction; entries like 1e-200 would only test underflow.
_FEW_DIGITS = st.floats(-3.0, 3.0, width=16, allow_subnormal=False)


@cache
@st.composite
def orthogonal_matrices(draw: Draw, dim: int) -> Matrix:
    """Orthogonal matrices of either determinant: the Cayley transform of a skew-symmetric matrix, and a reflection."""
    skew = np.zeros((dim, dim))
    skew[np.tril_indices(dim, -1)] = draw(_vectors(dim * (dim - 1) // 2, _FEW_DIGITS))
    skew -= skew.T
    rotation = np.linalg.solve(np.eye(dim) + skew, np.eye(dim) - skew)
    rotation[:, 0] *= -1.0 if draw(st.booleans()) else 1.0
    return rotation


@cache
def frames(input_dim: int, dim: int) -> st.SearchStrategy[Matrix]:
    """Matrices with orthonormal columns; they shrink to the first columns of the identity."""
    return orthogonal_matrices(input_dim).map(lambda matrix: matrix[:, :dim])


@cache
@st.composite
def covariances(draw: Draw, dim: int, decades: float = 2.0) -> Matrix:
    """Positive definite matrices: a multiple of the identity to the last bit, repeated or widely spread eigenvalues."""
    kind = draw(st.sampled_from(("isotropic", "repeated", "spread"))) if dim > 1 else "isotropic"
    if kind == "isotropic":
        return draw(scales(decades)) * np.eye(dim)
    eigenvalues = 10.0 ** draw(_vectors(dim, _floats(-decades, decades)))
    if kind == "repeated":
        eigenvalues[1:] = eigenvalues[1]
    basis = draw(orthogonal_matrices(dim))
    covariance = (basis * eigenvalues) @ basis.T
    return (covariance + covariance.T) / 2


@st.composite
def heads(draw: Draw, truth: Vector) -> Vector:
    """Heads in every position towards a true one: zero, along it, opposite, nearly perfect, or anywhere."""
    kind = draw(st.sampled_from(("zero", "along", "opposite", "nearly perfect", "anywhere")))
    match kind:
        case "zero":
            return np.zeros_like(truth)
        case "along":
            return draw(scales()) * truth
        case "opposite":
            return -draw(scales()) * truth
        case "nearly perfect":
            sign = draw(st.sampled_from((1.0, -1.0)))
            return (1 + sign * 10.0 ** draw(_floats(-9.0, -1.0))) * truth
        case _:
            return draw(scales()) * draw(orthogonal_matrices(truth.size))[:, 0]


def positive_heads(truth: Vector) -> st.SearchStrategy[Vector]:
    """Heads of any length and direction, none of them zero."""
    return st.builds(lambda scale, basis: scale * basis[:, 0], scales(), orthogonal_matrices(truth.size))


@st.composite
def features_at(draw: Draw, shape: Shape, coordinates: Matrix, margin: float) -> Matrix:
    """Orthonormal rows at drawn angles to the span of the first m columns of an orthogonal matrix.

    One row in each plane of an ID and an OOD direction; rows beyond that fill what lies in either subspace alone, and
    at last those planes. With k > d - m some rows lie inside the ID subspace, with k > m some lie outside.
    """
    d, k, m = shape
    inside, outside = coordinates[:, :m].T, coordinates[:, m:].T
    planes = min(m, d - m)
    rows, crossed = [], []
    for along, across in zip(inside[:planes], outside[:planes], strict=True):
        angle = draw(angles(margin))
        cosine, sine = (0.0, 1.0) if angle == np.pi / 2 else (np.cos(angle), np.sin(angle))
        rows.append(cosine * along + sine * across)
        crossed.append(cosine * across - sine * along)
    ordered = np.stack([*rows, *inside[planes:], *outside[planes:], *crossed])
    return draw(orthogonal_matrices(k)) @ ordered[:k]


@cache
@st.composite
def geometries(
    draw: Draw,
    shape: Shape,
    *,
    margin: float = 0.0,
    norms: st.SearchStrategy[float] | None = None,
    any_head: bool = True,
) -> Geometry:
    """Everything of a problem but its feature error."""
    d, k, m = shape
    coordinates = draw(orthogonal_matrices(d))
    features = draw(features_at(shape, coordinates, margin))
    outside = np.linalg.qr(features.T, mode="complete")[0][:, k:]
    away = (outside @ draw(orthogonal_matrices(d - k))).T[:k]
    truth_head = draw(scales() if norms is None else norms) * draw(orthogonal_matrices(k))[:, 0]
    tilts = draw(_vectors(away.shape[0], _floats(0.0, 1.0)))
    tilts[0] = 1.0
    return Geometry(
        features=features,
        away=away,
        tilts=tilts,
        id_frame=coordinates[:, :m],
        training_covariance=draw(covariances(m)),
        truth_head=truth_head,
        head=draw(heads(truth_head) if any_head else positive_heads(truth_head)),
        rotation=draw(orthogonal_matrices(k)),
    )


def problem_of(
    geometry: Geometry,
    feature_error: float,
    id_covariance: Matrix | None = None,
    ood_covariance: Matrix | None = None,
) -> Problem:
    """The problem with this geometry and feature error, its truth in a rotated representation.

    Before the rotation `B0 B*^T` is positive semidefinite, so that undoing it is the alignment.
    """
    tilted = 2 * np.arcsin(feature_error / 2) * geometry.tilts
    count = geometry.away.shape[0]
    truth = geometry.features.copy()
    truth[:count] = np.cos(tilted)[:, None] * truth[:count] + np.sin(tilted)[:, None] * geometry.away
    rotation = geometry.rotation
    return Problem(
        truth=LinearNetwork(head=jnp.asarray(rotation @ geometry.truth_head), features=jnp.asarray(rotation @ truth)),
        pretrained=LinearNetwork(head=jnp.asarray(geometry.head), features=jnp.asarray(geometry.features)),
        id_frame=jnp.asarray(geometry.id_frame),
        training_covariance=jnp.asarray(geometry.training_covariance),
        id_covariance=None if id_covariance is None else jnp.asarray(id_covariance),
        ood_covariance=None if ood_covariance is None else jnp.asarray(ood_covariance),
    )


@st.composite
def problems(
    draw: Draw,
    shape: Shape,
    *,
    errors: st.SearchStrategy[float] | None = None,
    margin: float = 0.0,
    norms: st.SearchStrategy[float] | None = None,
    any_head: bool = True,
    isotropic: bool = False,
    with_covariances: bool = False,
) -> Problem:
    """Whole problems of one shape.

    Args:
      errors: feature errors eps.
      margin: how far principal angles between features and ID subspace stay from 0 and pi/2.
      norms: W; over six decades by default.
      any_head: False leaves out the zero head.
      isotropic: C = I.
      with_covariances: ID and OOD second moments are drawn; otherwise both are left out.
    """
    geometry = draw(geometries(shape, margin=margin, norms=norms, any_head=any_head))
    if isotropic:
        geometry = geometry._replace(training_covariance=np.eye(shape.id_dim))
    error = draw(feature_errors() if errors is None else errors)
    if not with_covariances:
        return problem_of(geometry, error)
    return problem_of(geometry, error, draw(covariances(shape.id_dim)), draw(covariances(shape.input_dim)))


@st.composite
def certified_problems(draw: Draw, shape: Shape, *, margin: float = 0.05, isotropic: bool = False) -> Problem:
    """Problems whose feature error is small enough for every certificate and every bound on LP-FT.

    |v_lp - v*| <= sqrt(kappa) eps W / c_S keeps V = |v_lp| in [W/2, 3 W/2] where eps <= c_S / (2 sqrt(kappa)); both the
    premise of the LP-FT bounds and the bound itself are worst at V = W/2.
    """
    geometry = draw(geometries(shape, margin=margin, norms=scales(1.0)))
    truth_norm, opposite = np.linalg.norm(geometry.truth_head), geometry.truth_head @ geometry.head < 0
    # A head of length |v*| along +-v* (phi = 0) lets fine-tuning reach the truth: heads stay a fifth away from it.
    overlap = abs(geometry.truth_head @ geometry.head) / truth_norm**2
    if 0.8 < overlap < 1.25:
        geometry = geometry._replace(head=(-1.5 if opposite else 1.5) * geometry.truth_head)
    if isotropic:
        geometry = geometry._replace(training_covariance=np.eye(shape.id_dim))
    eigenvalues = np.linalg.eigvalsh(geometry.training_covariance)
    condition, visible = eigenvalues[-1] / eigenvalues[0], np.linalg.svd(geometry.features @ geometry.id_frame)[1][-1]
    lower = float(implicit_lower_bound(problem_of(geometry, 0.0)))
    shortest = truth_norm / 2
    root = np.sqrt(condition)
    amplification = 2 + root * (1 + 1 / visible + 1 / shortest)
    largest = min(visible / (2 * root), shortest**2 / (root * truth_norm), lower / (truth_norm * amplification))
    return problem_of(geometry, draw(st.sampled_from((0.5, 0.9, 0.1, 1e-3, 1e-6, 0.0))) * largest)
