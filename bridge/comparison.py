"""LP, FT and LP-FT on a measured task: stopped on ID validation, judged on every set, held against the theorems."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridge.measured_task import MeasuredTask, Weights
from simulations.by_method import ByMethod
from simulations.several_outputs_flow import OutputsPath, fine_tuned_outputs, probed_outputs
from theory.bounds.half_space_several_outputs import several_outputs_half_space_bound
from theory.bounds.several_outputs import several_outputs_implicit_bound
from theory.bounds.short_path import head_path_bound
from theory.reduction_several_outputs import (
    OutputsState,
    ReducedOutputs,
    features_at,
    outputs_conserved_form,
    reduce_outputs,
)

#: Moments at which training may stop: learning rate x steps, for the loss averaged over images, inputs of length 1.
PROBING_TIMES = np.geomspace(1.0, 1e6, 61)
TUNING_TIMES = np.geomspace(0.3, 300.0, 21)
#: Squared movement below this share of the features' own square is that of features that stay.
ROUNDING = 1e-20


class Tuned(eqx.Module):
    """A method at its stopping time, over sets.

    Attributes:
      best_accuracy: of all stopping times, for each set that of its own best one.
      stopped: the time; `at_edge`: 1 where it is the first or the last of those that there were.
      followed: of the displacement of ID features, the share that features of the same images follow in each set.
      refitted: accuracy with a head refitted on the features, images of the set with their labels.
      distance: `||B^T V - W*||` there; `lowest_distance` over all stopping times.
    """

    accuracy: Float[Array | np.ndarray, "*draws s"]
    refitted: Float[Array | np.ndarray, "*draws s"]
    followed: Float[Array | np.ndarray, "*draws s"]
    best_accuracy: Float[Array | np.ndarray, "*draws s"]
    stopped: Float[Array | np.ndarray, "*draws"]
    at_edge: Float[Array | np.ndarray, "*draws"]
    distance: Float[Array | np.ndarray, "*draws"]
    lowest_distance: Float[Array | np.ndarray, "*draws"]


class Theorems(eqx.Module):
    """What the theorems say of fine-tuning from the random head, in operator norm, and how they were met.

    The truth W* is the head shared by all sets on the pretrained features, so the feature error is 0 and no more is
    assumed of the labels than that there are some.

    Attributes:
      half_space, implicit: lower bounds on the distance of fine-tuning at every time.
      drift: of the conserved form along the solution, relative.
      residual, head_squared: r and V^2 of the measured LP-FT form, whose premise is r < V^2.
      movement, movement_bound: of LP-FT's features, `||B - B0||_F`; the bound is infinite without the premise.
    """

    truth_norm: Float[Array | np.ndarray, "*draws"]
    off_cosine: Float[Array | np.ndarray, "*draws"]
    half_space: Float[Array | np.ndarray, "*draws"]
    implicit: Float[Array | np.ndarray, "*draws"]
    drift: Float[Array | np.ndarray, "*draws"]
    residual: Float[Array | np.ndarray, "*draws"]
    head_squared: Float[Array | np.ndarray, "*draws"]
    movement: Float[Array | np.ndarray, "*draws"]
    movement_bound: Float[Array | np.ndarray, "*draws"]


class ComparedMethods(eqx.Module):
    """All of it, and the accuracy of the one head for all sets on pretrained features."""

    methods: ByMethod[Tuned]
    shared: Float[Array | np.ndarray, "*draws s"]
    theorems: Theorems


def compare_on(task: MeasuredTask, head: Float[np.ndarray, "k q"]) -> ComparedMethods:
    """Train by all three methods from a random head.

    Args:
      head: V0; LP-FT starts from the probe that ID validation has chosen.
    """
    reduced = reduce_outputs(jnp.asarray(head), jnp.asarray(task.features), task.span, jnp.asarray(task.moment))
    # The span of as many inputs differs by a few dimensions from draw to draw: filled up, all draws share programs.
    reduced = reduced.padded(min(task.training[0].shape))
    everywhere = tuple(range(len(task.test)))
    true_head = task.solved_head(task.features, everywhere)
    truth = task.features.T @ true_head
    probing = probed_outputs(reduced, PROBING_TIMES)
    probed, probe = _tuned(task, reduced, probing, PROBING_TIMES, truth)
    tuning = fine_tuned_outputs(reduced, TUNING_TIMES)
    from_probe = reduced.with_head(probe.head)
    starting = fine_tuned_outputs(from_probe, TUNING_TIMES)
    return ComparedMethods(
        methods=ByMethod(
            probed,
            _tuned(task, reduced, tuning, TUNING_TIMES, truth)[0],
            _tuned(task, from_probe, starting, TUNING_TIMES, truth)[0],
        ),
        shared=task.accuracies(truth),
        theorems=_theorems(reduced, from_probe, (tuning, starting), jnp.asarray(true_head), jnp.asarray(truth)),
    )


def _tuned(
    task: MeasuredTask, reduced: ReducedOutputs, path: OutputsPath, times: Float[np.ndarray, " t"], truth: Weights
) -> tuple[Tuned, OutputsState]:
    weights = np.asarray(_weights(path.states, reduced))
    chosen = int(np.argmin([task.validation_error(each) for each in weights]))
    state = jax.tree.map(lambda leaf: leaf[chosen], path.states)
    distances = np.asarray(_distances(path.states, reduced, jnp.asarray(truth)))
    features = np.asarray(features_at(state, reduced))
    moved = task.test @ (features - task.features).T
    size, still = np.sum(moved[0] ** 2), ROUNDING * np.sum((task.test[0] @ task.features.T) ** 2)
    tuned = Tuned(
        accuracy=task.accuracies(weights[chosen]),
        refitted=task.refitted_accuracies(features),
        followed=np.sum(moved * moved[0], axis=(1, 2)) / size if size > still else np.zeros(len(moved)),
        best_accuracy=np.max([task.accuracies(each) for each in weights], axis=0),
        stopped=np.asarray(times[chosen]),
        at_edge=np.asarray(float(chosen in (0, len(times) - 1))),
        distance=np.asarray(distances[chosen]),
        lowest_distance=np.asarray(distances.min()),
    )
    return tuned, state


@eqx.filter_jit
def _weights(states: OutputsState, reduced: ReducedOutputs) -> Float[Array, "t d q"]:
    return jax.vmap(lambda state: features_at(state, reduced).T @ state.head)(states)


@eqx.filter_jit
def _distances(states: OutputsState, reduced: ReducedOutputs, truth: Float[Array, "d q"]) -> Float[Array, " t"]:
    # On S and off it in coordinates of few dimensions, so that no matrix with d rows is decomposed at every time.
    inside = reduced.id_basis.T @ truth
    outside = jnp.linalg.qr(
        jnp.concatenate([reduced.off_features.T, truth - reduced.id_basis @ inside], axis=1), mode="r"
    )
    k = reduced.off_features.shape[0]

    def distance(state: OutputsState) -> Float[Array, ""]:
        on = state.id_features.T @ state.head - inside
        off = outside[:, :k] @ state.head - outside[:, k:]
        return jnp.linalg.norm(jnp.concatenate([on, off]), ord=2)

    return jax.vmap(distance)(states)


@eqx.filter_jit
def _theorems(
    reduced: ReducedOutputs,
    from_probe: ReducedOutputs,
    paths: tuple[OutputsPath, OutputsPath],
    true_head: Float[Array, "k q"],
    truth: Float[Array, "d q"],
) -> Theorems:
    start, features = reduced.start, features_at(reduced.start, reduced)
    # `theory.subspaces.off_subspace_cosine`, of features that are projected already.
    visible = jnp.linalg.svd(reduced.off_features, compute_uv=False)[-1]
    probe = from_probe.start
    error = probe.id_features.T @ probe.head - from_probe.id_target
    eigenvalues = from_probe.eigenvalues
    loss = jnp.sum(eigenvalues[:, None] * error**2)
    residual = jnp.sqrt(loss / jnp.min(eigenvalues, where=eigenvalues > 0, initial=jnp.inf))
    shortest = jnp.linalg.svd(probe.head, compute_uv=False)[-1]
    moved = jnp.sqrt(jnp.sum((paths[1].states.id_features - probe.id_features) ** 2, axis=(1, 2)))
    return Theorems(
        truth_norm=jnp.linalg.norm(true_head, ord=2),
        off_cosine=visible,
        half_space=several_outputs_half_space_bound(start.head, features, reduced.id_basis, truth),
        implicit=several_outputs_implicit_bound(start.head, true_head, jnp.zeros(()), visible),
        drift=jnp.maximum(_drift(paths[0].states, start), _drift(paths[1].states, probe)),
        residual=residual,
        head_squared=shortest**2,
        movement=jnp.max(moved),
        movement_bound=2 * head_path_bound(residual, shortest),
    )


def _drift(states: OutputsState, start: OutputsState) -> Float[Array, ""]:
    forms = jax.vmap(outputs_conserved_form)(states)
    return jnp.max(jnp.linalg.norm(forms - outputs_conserved_form(start), axis=(1, 2))) / (
        jnp.sum(start.head**2) + jnp.sum(start.id_features**2)
    )
