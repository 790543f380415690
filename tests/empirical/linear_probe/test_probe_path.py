"""Every probe on the path solves its problem, in any basis, and its head on raw features is the probe."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from empirical.linear_probe import (
    PENALTIES,
    TOLERANCE,
    UNSEEN_BIAS,
    Features,
    Probe,
    ProbeHead,
    exact,
    probe_path,
    selected_probe,
    standardisation,
)
from empirical.linear_probe.faithful import faithful_path
from empirical.linear_probe.newton import minimise
from empirical.linear_probe.problem import problem

CLASSES, DIM, COUNT = 4, 6, 60
FEW = (1e-3, 1e-1, 10.0)
TIGHT = 1e-7
ROUNDING = 1e-5  # float32 heads on features of size ten
COUNTED = {"max_examples": 15}  # each example solves a path

seeds = st.integers(0, 10_000)


def sample(seed: int, count: int = COUNT, spread: float = 1.0) -> Features:
    """Overlapping classes on correlated, shifted features."""
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.arange(count) % CLASSES).astype(
        np.int32
    )  # as many of each: one shape, one compilation
    centres = draw.normal(size=(CLASSES, DIM))
    mixing = np.diag(0.8 ** np.arange(DIM)) @ np.linalg.qr(draw.normal(size=(DIM, DIM)))[0]
    features = 5 + (centres[labels] + spread * draw.standard_t(4, size=(count, DIM))) @ mixing
    return Features(features.astype(np.float32), labels)


def standardised(probe: Probe, training: Features) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias on standardised features, from the head on raw ones."""
    scale = standardisation(training.features)
    weight = probe.head.weight.astype(np.float64)
    return weight * scale.deviation, probe.head.bias + weight @ scale.mean


def gradient(training: Features, weight: np.ndarray, bias: np.ndarray, penalty: float) -> np.ndarray:
    """Of the objective, by hand, intercept last and at the centre of the data."""
    inputs = standardisation(training.features)(training.features)
    logits = inputs @ weight.T + bias
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    residuals = probabilities - np.eye(len(bias))[training.labels]
    centred = inputs - inputs.mean(0)
    return np.column_stack([penalty * residuals.T @ centred + weight, penalty * residuals.sum(0)])


@settings(**COUNTED)
@given(seeds)
def test_the_gradient_vanishes_to_the_stated_tolerance(seed):
    training = sample(seed)
    for probe in probe_path(training, classes=CLASSES, penalties=FEW):
        weight, bias = standardised(probe, training)
        found = np.linalg.norm(gradient(training, weight, bias, probe.penalty))
        rounding = ROUNDING * probe.penalty * COUNT  # of a head in single precision
        assert probe.converged
        assert probe.gradient_norm <= TOLERANCE * np.linalg.norm(weight) * (1 + ROUNDING)
        assert found <= TOLERANCE * np.linalg.norm(weight) + rounding


@settings(**COUNTED)
@given(seeds)
def test_a_rough_solution_is_as_close_as_its_gradient_says(seed):
    """The objective is 1-strongly convex in the weights: the tolerance bounds their distance from the optimum."""
    training = sample(seed)
    rough = probe_path(training, classes=CLASSES, penalties=FEW, tolerance=1e-2)
    exact = probe_path(training, classes=CLASSES, penalties=FEW, tolerance=TIGHT)
    for near, best in zip(rough, exact, strict=True):
        distance = np.linalg.norm(standardised(near, training)[0] - standardised(best, training)[0])
        assert distance <= 1.05 * near.gradient_norm + ROUNDING  # 1.05: the intercept is nearly, not quite, the best
        assert -1e-9 * best.objective <= near.objective - best.objective <= 0.55 * near.gradient_norm**2 + 1e-9


@settings(**COUNTED)
@given(seeds)
def test_weights_grow_and_the_loss_falls_with_c(seed):
    training = sample(seed)
    path = probe_path(training, classes=CLASSES, penalties=tuple(np.logspace(-5, 2, 9)), tolerance=1e-6)
    norms = [np.linalg.norm(standardised(probe, training)[0]) for probe in path]
    losses = [(p.objective - norm**2 / 2) / p.penalty for p, norm in zip(path, norms, strict=True)]
    assert all(np.diff(norms) > 0)
    assert all(np.diff(losses) < 1e-6 * losses[0])


def test_small_and_large_problems_have_programs_of_their_own_that_agree(monkeypatch):
    training = sample(0)
    small = probe_path(training, classes=CLASSES, penalties=FEW, tolerance=TIGHT)
    called = []
    monkeypatch.setattr(exact, "NOT_OPTIMISED_UP_TO", 0)
    monkeypatch.setattr(exact, "minimise", lambda *arguments: called.append(1) or minimise(*arguments))
    large = probe_path(training, classes=CLASSES, penalties=FEW, tolerance=TIGHT)
    assert len(called) == len(FEW)
    for one, other in zip(small, large, strict=True):
        np.testing.assert_allclose(one.head.weight, other.head.weight, atol=ROUNDING)


@settings(**COUNTED)
@given(seeds)
def test_turning_the_features_turns_the_head(seed):
    """So that the probe is a property of the features, not of their basis."""
    training = sample(seed)
    turn = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(DIM, DIM)))[0]
    centred = training.features - training.features.mean(0)
    plain, turned = (Features(f.astype(np.float32), training.labels) for f in (centred, centred @ turn))
    for one, other in zip(
        probe_path(plain, classes=CLASSES, penalties=FEW, tolerance=TIGHT),
        probe_path(turned, classes=CLASSES, penalties=FEW, tolerance=TIGHT),
        strict=True,
    ):
        assert other.objective == pytest.approx(one.objective, rel=1e-4)  # float32 means of either
        np.testing.assert_allclose(other.head.weight, one.head.weight @ turn, atol=1e-3 * np.abs(one.head.weight).max())


@settings(**COUNTED)
@given(seeds, st.floats(-20, 20), st.floats(0.1, 10))
def test_shifted_and_scaled_features_have_the_same_probabilities(seed, shift, scale):
    training = sample(seed)
    moved = Features((scale * training.features + np.float32(shift)).astype(np.float32), training.labels)
    for one, other in zip(
        probe_path(training, classes=CLASSES, penalties=FEW, tolerance=TIGHT),
        probe_path(moved, classes=CLASSES, penalties=FEW, tolerance=TIGHT),
        strict=True,
    ):
        expected, found = one.head.logits(training.features), other.head.logits(moved.features)
        np.testing.assert_allclose(found, expected, atol=2e-3 * max(1, np.abs(expected).max()))


@settings(**COUNTED)
@given(seeds)
def test_more_features_than_examples(seed):
    """The solver then works in the span of the examples; weights outside it are zero."""
    draw = np.random.default_rng(seed)
    labels = np.tile(np.arange(3), 4).astype(np.int32)
    training = Features(draw.normal(size=(12, 20)).astype(np.float32), labels)
    scale = standardisation(training.features)
    fresh = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(scale(training.features), labels)
    (probe,) = probe_path(training, classes=3, penalties=(0.5,), tolerance=TIGHT)
    np.testing.assert_allclose(standardised(probe, training)[0], fresh.coef_, atol=1e-4)


@pytest.mark.parametrize("classes", [2, 4])
def test_both_solvers_agree_with_a_fresh_fit(classes):
    training = sample(3, 200)
    training = Features(training.features, training.labels % classes)
    exact = probe_path(training, classes=classes, penalties=(1e-3, 1.0), tolerance=TIGHT)
    faithful = probe_path(training, classes=classes, penalties=(1e-3, 1.0), solver="faithful")
    inputs = standardisation(training.features)(training.features)
    for one, other in zip(exact, faithful, strict=True):
        # Two classes: scikit-learn penalises the difference of the two rows, the paper's softmax each of them.
        factor = 2 if classes == 2 else 1
        fresh = LogisticRegression(C=factor * one.penalty, tol=1e-10, max_iter=10_000).fit(inputs, training.labels)
        weight = standardised(one, training)[0]
        expected = fresh.coef_ if classes > 2 else np.concatenate([-fresh.coef_, fresh.coef_]) / 2
        np.testing.assert_allclose(weight, expected, atol=1e-4 * np.abs(expected).max())
        assert one.objective <= other.objective * (1 + 1e-9)
        assert other.objective == pytest.approx(one.objective, rel=1e-3)
        assert one.head.accuracy(training) == pytest.approx(other.head.accuracy(training), abs=0.02)


def test_the_faithful_solver_stops_where_the_papers_did():
    """scikit-learn 0.24 minimised the sum of losses until no entry of its gradient exceeded 1e-4, not the mean."""
    draw = np.random.default_rng(0)
    labels = (np.arange(300) % 5).astype(np.int32)
    hidden = 0.55 * draw.normal(size=(5, 8))[labels] + draw.normal(size=(300, 8))
    inputs = np.maximum(hidden @ draw.normal(size=(8, 40)) / 3 + 0.3 * draw.normal(size=(300, 40)), 0)
    asked, penalties = problem(inputs / inputs.std(), labels, 5), (1e-2, 1e-1, 1.0)
    inputs = asked.inputs + asked.centre
    for solution, penalty in zip(faithful_path(asked, penalties), penalties, strict=True):
        scores = inputs @ solution.weight.T + solution.bias
        rest = np.exp(scores - logsumexp(scores, axis=1)[:, None]) - np.eye(5)[labels]
        summed = np.column_stack([rest.T @ inputs + solution.weight / penalty, rest.sum(0)])
        assert solution.converged
        assert np.abs(summed).max() <= 1e-4 * (1 + ROUNDING)


def test_the_faithful_solver_says_where_it_stopped_early():
    draw = np.random.default_rng(0)
    features = (draw.normal(size=(90, 12)) * 0.5 ** np.arange(12)).astype(np.float32)
    training = Features(features, draw.permutation(np.arange(90) % 3))
    path = probe_path(training, classes=3, penalties=(1e-6, 1e6), solver="faithful")
    assert path[0].converged
    assert path[0].iterations < 200
    assert not path[1].converged
    assert path[1].iterations == 200  # the paper's
    exact = probe_path(training, classes=3, penalties=(1e-6, 1e6))
    assert faithful_excess(path, exact)[-1] > 0


def faithful_excess(path: list[Probe], exact: list[Probe]) -> list[float]:
    return [one.objective - best.objective for one, best in zip(path, exact, strict=True)]


@settings(**COUNTED)
@given(seeds)
def test_a_class_that_training_lacks_is_never_predicted(seed):
    whole = sample(seed)
    seen = whole.labels != 2
    training = Features(whole.features[seen], whole.labels[seen])
    squeezed = Features(training.features, np.searchsorted([0, 1, 3], training.labels))
    for probe, without in zip(
        probe_path(training, classes=CLASSES + 1, penalties=FEW),
        probe_path(squeezed, classes=3, penalties=FEW),
        strict=True,
    ):
        assert np.isfinite(probe.head.weight).all()
        np.testing.assert_array_equal(probe.head.bias[[2, 4]], np.float32(UNSEEN_BIAS))
        np.testing.assert_array_equal(probe.head.weight[[2, 4]], 0)
        np.testing.assert_array_equal(probe.head.weight[[0, 1, 3]], without.head.weight)
        assert not np.isin(np.argmax(probe.head.logits(whole.features), axis=1), [2, 4]).any()


@pytest.mark.parametrize("name", ["scalar", "per_dimension"])
def test_a_head_in_raw_space_gives_the_same_scores(name):
    draw = np.random.default_rng(0)
    features = (7 + 3 * draw.normal(size=(20, 6)) * np.arange(6)).astype(np.float32)  # the first one is constant
    weight, bias = draw.normal(size=(4, 6)), draw.normal(size=4)
    scale = standardisation(features, name)
    head = scale.raw_head(weight, bias)
    np.testing.assert_allclose(head.logits(features), scale(features) @ weight.T + bias, atol=1e-4)


def test_per_dimension_features_have_mean_0_and_deviation_1():
    features = sample(0).features
    scaled = standardisation(features, "per_dimension")(features)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(0), 1, atol=1e-6)


def test_the_papers_penalties():
    assert len(PENALTIES) == 50
    assert (PENALTIES[0], PENALTIES[-1]) == (1e-7, 1e2)
    assert TOLERANCE == 1e-4  # of the weights, as docs/benchmark.md has it


def test_single_precision_is_refused():
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(RuntimeError, match="solved in double precision"):
            probe_path(GOOD, classes=CLASSES, penalties=FEW)
    finally:
        jax.config.update("jax_enable_x64", True)


def test_ties_go_to_the_stronger_penalty():
    data = Features(np.array([[1.0], [2.0], [3.0], [4.0]], np.float32), np.array([0, 0, 1, 1]))
    # Thresholds 5, 2.5, 2.5 and 1.5: half, all, all and three quarters of the examples are right.
    heads = {
        penalty: ProbeHead(np.array([[0.0], [1.0]], np.float32), np.array([threshold, 0], np.float32))
        for penalty, threshold in [(1e-3, 5), (1e-2, 2.5), (1e-1, 2.5), (1.0, 1.5)]
    }
    path = [Probe(penalty, head, 0.0, 0.0, 1, True) for penalty, head in heads.items()]
    assert selected_probe(path, data).penalty == 1e-2


GOOD = sample(0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training": Features(np.full((5, 3), 2.0, np.float32), np.arange(5) % 2)}, "not all equal"),
        ({"training": Features(np.full((5, 3), np.nan, np.float32), np.arange(5) % 2)}, "not all equal"),
        ({"training": Features(GOOD.features, np.zeros(COUNT, np.int32))}, "at least two classes"),
        ({"classes": 3}, r"0 \.\. 2, got 0 \.\. 3"),
        ({"training": Features(GOOD.features, GOOD.labels - 1)}, r"0 \.\. 3, got -1 \.\. 2"),
        ({"penalties": (1.0, 0.0)}, "must be positive values of C"),
        ({"penalties": ()}, "must be positive values of C"),
        ({"tolerance": 0.0}, "`tolerance` must be positive"),
    ],
)
def test_what_no_probe_can_be_fitted_to_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        probe_path(**{"training": GOOD, "classes": CLASSES, "penalties": FEW, **change})


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_features_of_a_sparse_network_with_repeated_images(scale):
    """More features than examples, most of them always zero, examples that repeat: the inputs are far from full rank.

    LAPACK's singular value decomposition has answered NaN to such features.
    """
    draw = np.random.default_rng(0)
    distinct = np.maximum(draw.normal(size=(COUNT // 2, 3)) @ draw.normal(size=(3, 4 * COUNT)) - 2, 0) * scale
    labels = np.resize(np.arange(CLASSES, dtype=np.int32), len(distinct))
    twice = Features(np.repeat(distinct, 2, axis=0).astype(np.float32), np.repeat(labels, 2))
    once = Features(distinct.astype(np.float32), labels)
    for repeated, doubled in zip(
        probe_path(twice, classes=CLASSES, penalties=FEW, tolerance=TIGHT),
        probe_path(once, classes=CLASSES, penalties=[2 * penalty for penalty in FEW], tolerance=TIGHT),
        strict=True,
    ):
        assert repeated.converged
        assert np.isfinite(repeated.head.weight).all()
        np.testing.assert_allclose(repeated.objective, doubled.objective, rtol=ROUNDING)
