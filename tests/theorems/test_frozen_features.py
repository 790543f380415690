"""Fine-tuning leaves the features of inputs orthogonal to the ID subspace as they were: `B(t) P_perp = B0 P_perp`."""

import jax
import numpy as np
import pytest
from hypothesis import find, given, settings

from simulations.strategies import Shape, problems
from tests.support.judging import FIXED, ONE_DIRECTION, ONE_UNIT, TWO_FEATURES, integrated_evidence, judged, judged_on
from theory.fine_tuning.flow import raw_vector_field
from theory.statements.statement import TOLERANCE
from theory.subspaces import off_projection

NAME = "frozen_features"
#: One projection of a vector, relative to its length.
ROUNDING = 1e-13

velocity = jax.jit(raw_vector_field)


@given(problems(Shape(8, 2, 4)))
def test_no_network_feels_a_pull_off_the_id_subspace(problem):
    pull = velocity(problem.pretrained, problem).features
    outside = off_projection(problem.id_frame, pull.T)
    assert np.linalg.norm(outside) <= ROUNDING * np.linalg.norm(pull)


@pytest.mark.parametrize("shape", [ONE_DIRECTION, TWO_FEATURES, ONE_UNIT], ids=str)
def test_holds_along_exact_paths(shape):
    @given(problems(shape, isotropic=True))
    def check(problem):
        assert judged(problem).slack(NAME) >= -TOLERANCE

    check()


@pytest.mark.parametrize("name", FIXED)
def test_an_integrated_network_agrees(name):
    evidence = integrated_evidence(name)
    assert judged_on(evidence).slack(NAME) >= -TOLERANCE
    start = evidence.fine_tuning.features[0]
    np.testing.assert_array_equal(start, evidence.problem.pretrained.features)


def test_features_of_id_inputs_do_move():
    evidence = integrated_evidence("generic")
    moved = (evidence.fine_tuning.features[-1] - evidence.problem.pretrained.features) @ evidence.problem.id_frame
    assert np.linalg.norm(moved) > 0.1


def test_the_whole_feature_space_is_pulled():
    # Not vacuous: the pull has full rank one on the ID subspace even where the features lie almost outside it.
    search = settings(max_examples=500, derandomize=True, database=None)
    problem = find(
        problems(ONE_DIRECTION),
        lambda problem: np.linalg.norm(velocity(problem.pretrained, problem).features) > 1,
        settings=search,
    )
    assert np.linalg.norm(velocity(problem.pretrained, problem).features @ problem.id_frame) > 1 - ROUNDING
