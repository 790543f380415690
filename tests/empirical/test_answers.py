"""The sentences under a table: who is ahead, how sure that is, and where selection hardly chose."""

import pytest

from empirical.records import GridPoint, tie
from empirical.results.answers import answer
from tests.support.made_up_benchmark import dataset
from tests.support.made_up_rows import row


def said(rows):
    sizes = {"id_validation": 100}
    return " ".join(answer(dataset("digits").model_copy(update={"sizes": sizes}), rows).sentences)


def with_ood(one, per_seed, **changes):
    mean = sum(per_seed) / len(per_seed)
    seeds = list(range(len(per_seed)))
    return one.model_copy(
        update={"ood_accuracy": mean, "ood_per_seed": per_seed, "seeds": seeds, "grid": [], **changes}
    )


LP, FT, LP_FT = row("digits", "LP", "eval"), row("digits", "FT", "train"), row("digits", "LP-FT", "eval")


def test_a_difference_that_the_seeds_tell_apart_is_said_to_be():
    rows = [with_ood(LP, [0.6, 0.61, 0.62]), with_ood(FT, [0.5, 0.51, 0.52])]
    assert "LP 61.0 % is ahead of FT (train) by 10.0 ± 0.0 points; 3 seeds tell it apart from FT (train)." in said(rows)


def test_one_that_they_do_not_is_said_not_to_be():
    rows = [with_ood(LP, [0.6, 0.64]), with_ood(LP_FT, [0.65, 0.6])]
    assert "2 seeds do not tell them apart" in said(rows)


def test_a_probe_that_draws_nothing_stands_for_every_seed():
    rows = [with_ood(LP, [0.5]), with_ood(FT, [0.6, 0.61, 0.62])]
    assert "FT (train) 61.0 % is ahead of LP by 11.0 ± 1.7 points; 3 seeds tell it apart from LP." in said(rows)


def test_one_seed_and_one_method_claim_nothing():
    assert "one seed cannot tell them apart" in said([with_ood(LP, [0.5]), with_ood(FT, [0.6])])
    assert "nothing else was run" in said([with_ood(LP, [0.5])])


def points(*pairs):
    return [
        GridPoint(value=10.0**-place, extension=False, diverged=False, selection=selection, id_accuracy=0.9,
                  ood_accuracy=ood, per_column={}, runs=[])
        for place, (selection, ood) in enumerate(pairs)
    ]  # fmt: skip


@pytest.mark.parametrize(("images", "count"), [(100, 3), (1000, 2)])
def test_a_tie_is_what_one_validation_image_cannot_tell_apart(images, count):
    found = tie(
        LP.model_copy(update={"grid": points((0.95, 0.581), (0.95, 0.590), (0.941, 0.606), (0.9, 0.7))}), images
    )
    assert len(found.values) == count
    assert (found.lowest_ood, found.highest_ood) == (0.581, 0.606 if count == 3 else 0.590)


def test_the_range_over_a_tie_is_said_in_values_of_c():
    tied = with_ood(LP, [0.6], grid=points((0.95, 0.581), (0.95, 0.606)), learning_rate=None)
    assert "LP: 2 values of C lie within one validation image of the best" in said([tied])
    assert "from 58.1 to 60.6 %" in said([tied])


def test_what_a_likelihood_selected_has_no_tie():
    assert tie(LP.model_copy(update={"grid": points((-0.5, 0.5), (-0.5, 0.6))}), 100) is None
