"""Statements as objects: what a status follows from, and what slack means."""

import dataclasses
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.support.judging import FIXED, invisible_features
from theory import LinearNetwork
from theory.bounds import best_lower_bound
from theory.statements import STATEMENTS, Setting, Statement, Status, closed_form_evidence, is_violated, slack, status
from theory.statements.evidence import ROUNDING, Evidence
from theory.statements.ft_beats_lp_id import final_fine_tuning_id_risk, final_linear_probing_id_risk
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk, small_truth, small_truth_overparameterised
from theory.statements.premises import always, truth_is_outside_features
from theory.statements.statement import bound_ratio

FALSE = next(statement for statement in STATEMENTS if statement.counterexamples)
PROVED = next(statement for statement in STATEMENTS if statement.proof and not statement.counterexamples)


evidence_of = jax.jit(lambda problem: closed_form_evidence(problem, moments=5))


def comparing(smaller: float, larger: float, *, premise: bool = True) -> Statement:
    """A statement with constant sides."""
    return Statement(
        name="constant",
        source="nowhere",
        claim="One number is at most another.",
        latex=r"a \le b",
        premises="none",
        premises_hold=always if premise else lambda problem: jnp.asarray(False),
        smaller=lambda evidence: jnp.asarray(smaller),
        larger=lambda evidence: jnp.asarray(larger),
        settings=(Setting.ONE_ID_DIRECTION,),
        published=False,
    )


@pytest.fixture(scope="module")
def evidence():
    return evidence_of(small_truth(0.6, 1.0, 2.0))


@pytest.mark.parametrize(
    ("smaller", "larger", "expected"),
    [
        (1.0, 2.0, 0.5),
        (2.0, 1.0, -0.5),
        (-1.0, 1.0, 2.0),
        (1.0, -1.0, -2.0),
        (0.0, 0.0, 0.0),
        (1.0, np.inf, 1.0),
        (1.0, 1.0 - 1e-13, 0.0),  # within rounding of W + |v0| = 3
        (1e-13, 0.0, 0.0),
        (0.0, 1e-3, 1.0),
    ],
)
def test_slack_is_the_relative_gap(evidence, smaller, larger, expected):
    assert float(slack(comparing(smaller, larger), evidence)) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize(
    ("smaller", "larger", "bound", "expected"),
    [
        (2.0, 3.0, "smaller", 1.5),
        (2.0, 3.0, "larger", 1.5),
        (0.0, 3.0, "smaller", np.inf),
        (2.0, np.inf, "larger", np.inf),
        (0.0, 3.0, "larger", np.nan),
        (-1.0, 1e-13, "smaller", np.nan),  # within rounding of W + |v0| = 3
    ],
)
def test_how_loose_a_bound_is(evidence, smaller, larger, bound, expected):
    statement = dataclasses.replace(comparing(smaller, larger), bound=bound)
    np.testing.assert_allclose(bound_ratio(statement, evidence), expected)


def test_a_gap_within_the_accuracy_of_the_evidence_is_equality(evidence):
    # W + |v0| = 3: an integrator that is right to 1e-8 cannot tell 0 from 2e-8, a closed form can.
    integrated = dataclasses.replace(evidence, accuracy=1e-8)
    statement = comparing(2e-8, 0.0)
    assert not is_violated(statement, integrated)
    assert is_violated(statement, evidence)
    assert is_violated(comparing(4e-8, 0.0), integrated)


def test_a_violation_needs_premises_and_a_gap_beyond_numerical_error(evidence):
    assert is_violated(comparing(1.0, 0.5), evidence)
    assert not is_violated(comparing(1.0, 0.5, premise=False), evidence)
    assert not is_violated(comparing(1.0, 1.0 - 1e-9), evidence)
    assert not is_violated(comparing(0.5, 1.0), evidence)


@pytest.mark.parametrize(("answer", "came"), [(None, "nothing"), (jnp.zeros(2), r"an array of shape \(2,\)")])
@pytest.mark.usefixtures("unchecked")
def test_a_side_that_is_no_number_is_refused(evidence, answer, came):
    statement = dataclasses.replace(comparing(0.0, 1.0), smaller=lambda evidence: answer)
    with pytest.raises(ValueError, match=f"`smaller` of .* 'constant' must give a single number, got {came}"):
        slack(statement, evidence)


@pytest.mark.parametrize(
    ("statement", "checked", "violations", "refuted", "expected"),
    [
        (FALSE, 100, 3, True, Status.FALSE),
        (FALSE, 100, 3, False, Status.VIOLATED),
        (PROVED, 100, 0, False, Status.PROVED),
        (PROVED, 100, 1, False, Status.VIOLATED),
        (PROVED, 0, 0, False, Status.UNVERIFIED),
        (comparing(0.0, 1.0), 10, 0, False, Status.CONJECTURED),
    ],
)
def test_a_status_follows_from_proof_counterexamples_and_verification(
    statement, checked, violations, refuted, expected
):
    assert status(statement, checked=checked, violations=violations, refuted=refuted) is expected


def test_names_are_unique_and_proofs_are_where_they_say():
    assert len({statement.name for statement in STATEMENTS}) == len(STATEMENTS)
    text = (Path(__file__).parents[2] / "docs" / "theory.md").read_text(encoding="utf-8")
    anchors = {
        "".join(letter for letter in line.lower() if letter.isalnum() or letter in " -").strip().replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    linked = set(re.findall(r"\]\(#([^)]*)\)", text))
    assert linked <= anchors, f"no section for the links {linked - anchors} of docs/theory.md"
    for statement in STATEMENTS:
        assert f"`{statement.name}`" in text or statement.proof, f"docs/theory.md is silent on {statement.name}"
        if statement.proof:
            file, _, anchor = statement.proof.partition("#")
            assert file == "docs/theory.md"
            assert anchor in anchors, f"{statement.name}: no section #{anchor} in docs/theory.md"


def test_closed_form_evidence_runs_from_start_to_limit():
    problem = small_truth(0.6, 1.0, 2.0)
    evidence = evidence_of(problem)
    for networks, moments in ((evidence.fine_tuning, 5), (evidence.lp_ft, 5), (evidence.linear_probing, 2)):
        assert networks.head.shape == (moments, 1)
        assert networks.features.shape == (moments, 1, 2)
    np.testing.assert_array_equal(evidence.fine_tuning.head[0], problem.pretrained.head)
    np.testing.assert_allclose(evidence.linear_probing.head[-1], evidence.lp_ft.head[0], atol=ROUNDING)
    on_subspace = evidence.fine_tuning.features[-1, 0, 0] * evidence.fine_tuning.head[-1, 0]
    assert on_subspace == pytest.approx(problem.truth.weights[0])


def test_closed_form_evidence_needs_one_id_direction_or_one_feature():
    one_feature = closed_form_evidence(small_truth_overparameterised(0.6, 1.0, 2.0), moments=5)
    assert one_feature.fine_tuning.head.shape == (5, 1)
    with pytest.raises(ValueError, match="m=4, k=2"):
        closed_form_evidence(FIXED["generic"])


#: On which problems premises fail, so that a claim about something else, or about nothing, is seen.
PREMISES = {
    "generic": FIXED["generic"],
    "good features": FIXED["good features"],
    "perfect features": FIXED["perfect features"],
    "features off the ID subspace": invisible_features(truth=1.0),
    "features inside the ID subspace": small_truth(1.0, 1.0, 2.0),
    "a head that fits": small_truth(0.6, 1.0, 1.0),
}
BEYOND_FEATURES = {"ft_beats_lp_id", "ft_beats_lp_id_as_printed"}
PERFECT = {"lp_perfect_features", "lp_ft_perfect_features"}
CERTIFIED = {"lp_beats_ft_ood", "early_stopping", "lp_ft_dominance"}
NEARLY_FITS = {"lp_ft_upper_bound", "id_features_move_more", "measured_feature_movement"}
FAIL = {
    "generic": PERFECT | {"fine_tuning_upper_bound", "lp_ft_dominance"},
    "good features": PERFECT | {"fine_tuning_upper_bound"},
    "perfect features": BEYOND_FEATURES | {"fine_tuning_upper_bound"},
    "features off the ID subspace": PERFECT
    | BEYOND_FEATURES
    | CERTIFIED
    | NEARLY_FITS
    | {"fine_tuning_upper_bound", "linear_probing_upper_bound"},
    "features inside the ID subspace": BEYOND_FEATURES
    | CERTIFIED
    | {"ft_ood_lower_bound", "ft_ood_lower_bound_as_printed"},
    "a head that fits": BEYOND_FEATURES | CERTIFIED,
}


@pytest.mark.parametrize("name", PREMISES)
def test_premises_hold_and_fail_where_they_must(name):
    failing = {statement.name for statement in STATEMENTS if not statement.premises_hold(PREMISES[name])}
    assert failing == FAIL[name]


def test_sides_look_at_the_moment_that_they_claim():
    """Perfect features, so that the roots of risks are |v - v*|, in distribution 0.6 of it; v* = 1."""
    problem = small_truth(0.6, 1.0, 2.0)
    features = problem.pretrained.features

    def along(*heads: float, moved: tuple[float, ...] = (0.0, 0.0, 0.0)) -> LinearNetwork:
        def network(head: jax.Array, length: jax.Array) -> LinearNetwork:
            return LinearNetwork(head[None], features + length * jnp.array([[0.6, 0.8]]))

        return jax.vmap(network)(jnp.array(heads), jnp.array(moved[: len(heads)]))

    evidence = Evidence(
        problem,
        fine_tuning=along(3.0, 1.5, 2.0),
        linear_probing=along(2.0, 3.0),
        lp_ft=along(1.0, 1.0, 1.0, moved=(0.0, 0.5, 0.25)),
    )
    sides = {statement.name: statement.smaller for statement in STATEMENTS}
    assert float(lowest_fine_tuning_risk(evidence)) == pytest.approx(0.5)
    assert float(sides["fine_tuning_upper_bound"](evidence)) == pytest.approx(2.0)
    assert float(sides["linear_probing_upper_bound"](evidence)) == pytest.approx(2.0)
    assert float(sides["id_features_move_more"](evidence)) == pytest.approx(0.5)
    assert float(final_fine_tuning_id_risk(evidence)) == pytest.approx(0.6)
    assert float(final_linear_probing_id_risk(evidence)) == pytest.approx(1.2)
    assert float(sides["lp_beats_ft_ood"](evidence)) == pytest.approx(4.0 * float(best_lower_bound(problem)))
    turned = dataclasses.replace(evidence, fine_tuning=evidence.lp_ft, lp_ft=along(1.0, 3.0, 2.0))
    assert float(sides["lp_ft_upper_bound"](turned)) == pytest.approx(2.0)
    assert float(sides["frozen_features"](turned)) == pytest.approx(0.8 * 0.5 / (1 + 0.5))


def test_a_strict_claim_is_violated_by_equal_sides(evidence):
    equal = comparing(1.0, 1.0)
    assert not is_violated(equal, evidence)
    assert is_violated(dataclasses.replace(equal, strict=True), evidence)
    assert not is_violated(dataclasses.replace(comparing(1.0, 2.0), strict=True), evidence)


def test_truth_outside_the_features_is_asked_on_the_id_subspace():
    problem = small_truth_overparameterised(0.6, 1.0, 2.0)
    assert not truth_is_outside_features(problem)
    turned = jax.tree.map(lambda leaf: leaf, problem.truth)
    turned = type(turned)(turned.head, jnp.array([[0.0, 0.6, 0.8, 0.0]]))
    assert truth_is_outside_features(type(problem)(turned, problem.pretrained, problem.id_frame, jnp.eye(2)))
