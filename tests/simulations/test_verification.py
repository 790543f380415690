"""Verification: statuses follow from proofs, counterexamples and what was found."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import spearmanr

from artifacts import UserError, publish
from artifacts.files import write_json
from simulations.integration import Numerics, integrate
from simulations.sampling import Dimensions, equal_angles, sample_problem
from simulations.verification import (
    checking,
    counterexample_slacks,
    publish_verification,
    published_verifications,
    verify,
)
from simulations.verification.evidence import ACCURACY, expected_work, solver
from simulations.verification.families import draw_problems, sampled_problems
from simulations.verification.records import FILE, FOLDER
from theory.reduction import reduce
from theory.statements import STATEMENTS, Setting, Status, status
from theory.statements.evidence import ROUNDING
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.premises import always
from theory.statements.statement import Statement
from theory.subspaces import off_subspace_cosine

BY_NAME = {statement.name: statement for statement in STATEMENTS}
#: Settings that need no integrator, which takes most of the time to compile; the main job's test covers the others.
CLOSED_FORMS = (Setting.ONE_ID_DIRECTION, Setting.PERFECT_FEATURES)


def closed_form(name):
    return dataclasses.replace(BY_NAME[name], settings=CLOSED_FORMS)


def test_the_published_bound_is_false_and_the_corrected_one_proved():
    published, corrected = verify(
        [closed_form("ft_ood_lower_bound"), closed_form("corrected_lower_bound")], examples=50
    )
    assert published.status is Status.FALSE
    assert published.smallest_slack < -0.4
    assert corrected.status is Status.PROVED
    assert published.sharpness.median < corrected.sharpness.median
    assert corrected.violations == 0 < corrected.checked


def test_sharpness_is_that_of_the_statement_and_counts_problems_without_a_bound():
    half = dataclasses.replace(
        closed_form("corrected_lower_bound"),
        smaller=lambda evidence: jnp.where(
            jnp.linalg.norm(evidence.problem.truth.head) > 1, lowest_fine_tuning_risk(evidence) / 2, 0.0
        ),
    )
    (found,) = verify([half], examples=50)
    silent = found.sharpness.silent
    assert 0.3 < silent < 0.7
    assert found.sharpness.median == (pytest.approx(2.0) if silent < 0.5 else None)
    assert found.sharpness.ninth_decile is None
    assert set(found.sharpness_by_setting) == {setting.value for setting in CLOSED_FORMS}


def test_what_is_no_bound_has_no_sharpness():
    (found,) = verify([dataclasses.replace(closed_form("corrected_lower_bound"), bound=None)], examples=10)
    assert found.sharpness is None
    assert found.sharpness_by_setting == {}


def test_every_counterexample_refutes():
    for statement in STATEMENTS:
        assert all(gap < 0 for gap in counterexample_slacks(statement).values())


def test_a_false_claim_without_a_known_counterexample_is_reported_as_violated():
    claim = Statement(
        name="nonsense",
        source="this test",
        claim="The truth is shorter than any number.",
        latex="W < -1",
        premises="none",
        premises_hold=always,
        smaller=lambda evidence: jnp.linalg.norm(evidence.problem.truth.head),
        larger=lambda evidence: -jnp.ones(()),
        settings=(Setting.ONE_ID_DIRECTION,),
        published=False,
    )
    (found,) = verify([claim], examples=10)
    assert found.status is Status.VIOLATED
    assert found.violations == found.checked == 10


def test_the_same_seed_draws_the_same_problems():
    first, again = (verify([closed_form("corrected_lower_bound")], examples=50, seed=3)[0] for _ in range(2))
    assert dataclasses.replace(first, seconds=0.0) == dataclasses.replace(again, seconds=0.0)


def test_the_order_in_which_problems_are_solved_changes_nothing(monkeypatch):
    """Seven problems in three batches, the longest truths first or last; the ratios are told apart by problem."""
    longest = dataclasses.replace(
        closed_form("corrected_lower_bound"),
        smaller=lambda evidence: jnp.ones(()),
        larger=lambda evidence: 1 + jnp.linalg.norm(evidence.problem.truth.head),
        settings=(Setting.PERFECT_FEATURES,),
    )
    monkeypatch.setattr(checking, "CHUNK", 3)
    found = []
    for sign in (0, 1, -1):
        monkeypatch.setattr(
            checking, "expected_work", lambda _, problems, s=sign: s * np.linalg.norm(problems.truth.head, axis=1)
        )
        found.append(checking._examine((longest,), Setting.PERFECT_FEATURES, 7, jax.random.key(0))[0].ratios)
    assert found[0].shape == (7,)
    assert len(set(found[0].tolist())) == 7
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])


def test_integrations_that_take_long_are_expected_to():
    """Ill-conditioned ones with a short truth, where the limit is waited for; long heads, where time is fixed."""
    problems = draw_problems(Setting.SEVERAL_ID_DIRECTIONS, jax.random.split(jax.random.key(0), 50))
    times = jnp.array([0.0, jnp.inf])

    @jax.jit
    @jax.vmap
    def steps(problem):
        reduced = reduce(problem, compress=None)
        return integrate(reduced, times, lambda state: state, numerics=Numerics(rtol=1e-8)).steps

    expected = expected_work(Setting.SEVERAL_ID_DIRECTIONS, problems)
    assert spearmanr(expected, steps(problems)).statistic > 0.5


def test_status_of_a_clean_verification():
    proved = BY_NAME["lp_beats_ft_ood"]
    assert status(proved, checked=5, violations=0, refuted=False) is Status.PROVED
    assert status(proved, checked=0, violations=0, refuted=False) is Status.UNVERIFIED
    published = dataclasses.replace(proved, proof=None)
    assert status(published, checked=5, violations=0, refuted=False) is Status.AS_PUBLISHED
    unproved = dataclasses.replace(proved, proof=None, published=False)
    assert status(unproved, checked=5, violations=0, refuted=False) is Status.CONJECTURED


def test_refuses_no_examples():
    with pytest.raises(UserError, match="at least 1"):
        verify(STATEMENTS[:1], examples=0)


def test_wide_families_draw_what_the_others_do_not():
    """Second moments, eight features, a feature inside S, conditions to 1e8, and truths from 1e-3."""
    keys = jax.random.split(jax.random.key(0), 200)
    many, wide = (draw_problems(setting, keys) for setting in (Setting.MANY_FEATURES, Setting.WIDE_SCALES))
    assert many.pretrained.features.shape == (200, 8, 10)
    for problems in (many, wide):
        for moment in (problems.ood_covariance, problems.id_covariance):
            eigenvalues = np.linalg.eigvalsh(moment)
            np.testing.assert_allclose(eigenvalues[:, -1], 1, rtol=1e-12)
        assert eigenvalues.min() > 0
        conditions = np.linalg.cond(problems.ood_covariance)
        assert conditions.min() == pytest.approx(1)
        assert conditions.max() > 1e3
    cosines = jax.vmap(lambda problem: off_subspace_cosine(problem.pretrained.features, problem.id_frame))(wide)
    assert 0.1 < np.mean(cosines < 1e-12) < 0.5
    assert np.linalg.cond(wide.training_covariance).max() > 1e7
    norms = np.linalg.norm(wide.truth.head, axis=1)
    assert norms.min() < 2e-3
    assert norms.max() > 1


def test_what_was_found_comes_back_from_disk_and_is_not_found_twice(tmp_path):
    statements = [closed_form("corrected_lower_bound"), closed_form("ft_ood_lower_bound")]
    assert published_verifications(tmp_path) == {}
    assert publish_verification(tmp_path, statements, examples=10).built
    assert not publish_verification(tmp_path, statements, examples=10).built
    found = published_verifications(tmp_path)
    again = {one.name: one for one in verify(statements, examples=10)}
    assert found.keys() == again.keys()
    for name, verification in found.items():
        assert dataclasses.replace(verification, seconds=0.0) == dataclasses.replace(again[name], seconds=0.0)


def test_a_verification_of_another_version_is_refused_in_one_line(tmp_path):
    publish(tmp_path / FOLDER, inputs={}, build=lambda directory: write_json(directory / FILE, [{"name": "old"}]))
    with pytest.raises(UserError, match="makes it again"):
        published_verifications(tmp_path)


def test_a_verification_that_was_cut_off_goes_on_batch_by_batch_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "CHUNK", 10)
    statements = [closed_form("corrected_lower_bound")]
    seen = []

    def stop(done, total):
        seen.append((done, total))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_verification(tmp_path, statements, examples=25, progress=stop)
    assert seen == [(10, 50), (20, 50), (25, 50)]
    assert len(list(tmp_path.glob(".theory.unfinished/*/*.npz"))) == 3
    solved = []
    examined = checking._examined
    monkeypatch.setattr(checking, "_examined", lambda *given, **way: solved.append(given) or examined(*given, **way))
    assert publish_verification(tmp_path, statements, examples=25).built
    assert len(solved) == 3  # the second setting's batches
    assert not list(tmp_path.glob(".theory.unfinished*"))
    (found,) = published_verifications(tmp_path).values()
    (undisturbed,) = verify(statements, examples=25)
    assert dataclasses.replace(found, seconds=0.0) == dataclasses.replace(undisturbed, seconds=0.0)


@pytest.mark.parametrize(("id_dim", "accuracy"), [(1, ROUNDING), (2, ACCURACY)])
def test_problems_of_a_sampler_are_solved_in_closed_form_where_they_have_one_id_direction(id_dim, accuracy):
    dimensions = Dimensions(input_dim=5, feature_dim=2, id_dim=id_dim)

    def drawn(key):
        return sample_problem(dimensions, equal_angles(dimensions, 0.8), jnp.ones(id_dim), feature_error=0.1, key=key)

    problems = sampled_problems(drawn, jax.random.split(jax.random.key(0), 3))
    solve = checking.solver_of(drawn, problems)
    evidence = jax.vmap(lambda problem: solve(problem, None).evidence)(problems)
    assert evidence.accuracy == accuracy


def test_settings_that_differ_in_numbers_alone_share_what_is_compiled():
    """The penalty is an argument; the closed form knows nothing of its setting."""
    decayed, plain = solver(Setting.WEIGHT_DECAY), solver(Setting.ANY_LOSS)
    assert jax.tree.structure(decayed) == jax.tree.structure(plain)
    assert float(jax.tree.leaves(decayed)[0]) > float(jax.tree.leaves(plain)[0]) == 0.0
    assert jax.tree.structure(solver(Setting.PERFECT_FEATURES)) == jax.tree.structure(solver(Setting.GOOD_FEATURES))
