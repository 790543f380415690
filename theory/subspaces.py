"""Subspaces through their frames: projectors, principal angles, and the distance between feature extractors.

A *frame* is a matrix with orthonormal columns; the rows of a pretrained feature extractor are the columns of a frame.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.arguments import check_frame, check_orthonormal
from theory.compiled import compiled

#: The sine or cosine of an angle counts as zero below this: constructions by QR leave 1e-16, a product of nearly
#: orthogonal frames 1e-17 where the angle is exactly right.
NO_ANGLE = 1e-12


def projection(frame: Float[Array, "d m"], vectors: Float[Array, "d n"]) -> Float[Array, "d n"]:
    """The columns of `vectors`, projected onto the span of the frame."""
    return frame @ (frame.T @ vectors)


def off_projection(frame: Float[Array, "d m"], vectors: Float[Array, "d n"]) -> Float[Array, "d n"]:
    """The columns of `vectors`, projected onto the orthogonal complement of the frame.

    Projected twice: a single pass leaves rounding errors along the frame that are not small beside a small remainder.
    """
    once = vectors - projection(frame, vectors)
    return once - projection(frame, once)


def complement(frame: Float[Array, "d m"]) -> Float[Array, "d d-m"]:
    """A frame of the orthogonal complement. It jumps where `frame` moves smoothly: do not differentiate it."""
    return jnp.linalg.qr(frame, mode="complete")[0][:, frame.shape[1] :]


def principal_angles(left: Float[Array, "d k"], right: Float[Array, "d m"]) -> Float[Array, " r"]:
    """The r = min(k, m) principal angles between two frames, in radians, largest first.

    Sines and cosines come from two decompositions, since the cosine cannot see angles below 1e-8 nor the sine angles
    that close to a right angle.

    Raises:
      ValueError: an argument is no frame, or they have different numbers of rows.
    """
    check_frame("left", left)
    check_frame("right", right)
    _check_rows("left", left, "right", right)
    small, large = (left, right) if left.shape[1] <= right.shape[1] else (right, left)
    return _principal_angles(small, large)


def largest_principal_angle(left: Float[Array, "d k"], right: Float[Array, "d m"]) -> Float[Array, ""]:
    """Largest of the min(k, m) principal angles between two frames, in radians.

    Between a row space and a complement of fewer dimensions (k > d - m) it is not the angle that the lower bounds need:
    see `off_subspace_cosine`.
    """
    return principal_angles(left, right)[0]


def off_subspace_cosine(features: Float[Array, "k d"], id_frame: Float[Array, "d m"]) -> Float[Array, ""]:
    """Smallest share of a feature direction that lies outside the ID subspace, in [0, 1].

    The smallest singular value of `v -> P_perp B^T v` on R^k. It is cos theta_k(R, S_perp), the k-th singular value of
    E^T F, where k <= d - m, as the submission presupposes, and 0 where k > d - m: then some feature direction lies
    inside S. Source: submission, Definition 3.1.
    """
    _check_features_and_frame(features, id_frame)
    return _smallest_share_outside(features, id_frame)


def on_subspace_cosine(features: Float[Array, "k d"], id_frame: Float[Array, "d m"]) -> Float[Array, ""]:
    """Smallest share of a feature direction that lies inside the ID subspace, in [0, 1].

    The submission's cos theta_k(R, S) where k <= m, and 0 where k > m: then some feature is not seen by ID inputs.
    """
    _check_features_and_frame(features, id_frame)
    k, m = features.shape[0], id_frame.shape[1]
    if k > m:
        return jnp.zeros((), features.dtype)
    return jnp.linalg.svd(features @ id_frame, compute_uv=False)[-1]


def aligning_rotation(reference: Float[Array, "k d"], features: Float[Array, "k d"]) -> Float[Array, "k k"]:
    """The orthogonal U that brings `U @ features` closest to `reference`: the polar factor of reference features^T.

    Optimal for the Frobenius norm always, and for the spectral norm where both matrices have orthonormal rows. Not
    unique where a principal angle between the two row spaces is a right angle.
    """
    left, _, right = jnp.linalg.svd(reference @ features.T)
    return left @ right


def feature_distance(left: Float[Array, "k d"], right: Float[Array, "k d"]) -> Float[Array, ""]:
    """Spectral distance `min_U ||left - U right||_2` over orthogonal U, for matrices with orthonormal rows.

    In terms of the largest principal angle theta between the row spaces it is 2 sin(theta / 2), which is how it is
    computed: subtracting aligned matrices would lose distances below 1e-8 to rounding.
    Source: submission, section 3.1, where it stands without a number.
    """
    if left.shape != right.shape:
        raise ValueError(f"`left` and `right` must have one shape, got {left.shape} and {right.shape}.")
    return 2 * jnp.sin(largest_principal_angle(left.T, right.T) / 2)


@compiled
def _principal_angles(small: Float[Array, "d r"], large: Float[Array, "d l"]) -> Float[Array, " r"]:
    cosines = jnp.linalg.svd(large.T @ small, compute_uv=False)[::-1]
    sines = jnp.linalg.svd(off_projection(large, small), compute_uv=False)
    return jnp.arctan2(sines, cosines)


@compiled
def _smallest_share_outside(features: Float[Array, "k d"], id_frame: Float[Array, "d m"]) -> Float[Array, ""]:
    return jnp.linalg.svd(off_projection(id_frame, features.T), compute_uv=False)[-1]


def _check_features_and_frame(features: Float[Array, "..."], id_frame: Float[Array, "..."]) -> None:
    check_frame("id_frame", id_frame)
    if features.ndim != 2:
        raise ValueError(f"`features` must be a matrix (k, d), got shape {features.shape}.")
    check_orthonormal("features", "rows", features)
    _check_rows("features.T", features.T, "id_frame", id_frame)


def _check_rows(name: str, array: Float[Array, "..."], other: str, beside: Float[Array, "..."]) -> None:
    if array.shape[0] != beside.shape[0]:
        raise ValueError(
            f"`{name}` and `{other}` must have as many rows (d), got {array.shape[0]} and {beside.shape[0]}."
        )
