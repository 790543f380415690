"""The measured phase diagram: LP against FT by network and set, ranked against what was measured beforehand."""

import pytest

from empirical.records import Benchmark, ConditionRecord
from empirical.tables.phase import phase, phase_points
from tests.support import made_up_rows as made_up
from tests.support.made_up_benchmark import benchmark, described

DATASET = "digits"
ROWS = [made_up.row(DATASET, *method) for method in made_up.METHODS]


def network(label: str, value: float, energies: tuple[float, ...], leads: tuple[float, ...]) -> ConditionRecord:
    """A network in which LP leads FT by so much on each set, whose features leave the ID span by so much."""
    sets = [
        described(DATASET, name).model_copy(update={"feature_energy_outside": energy})
        for name, energy in zip(made_up.SETS, energies, strict=True)
    ]
    rows = []
    for row in ROWS:
        shift = dict(zip(made_up.SETS, leads, strict=True)) if (row.method, row.norm_mode) == ("LP", "eval") else {}
        tuned = next(one for one in ROWS if (one.method, one.norm_mode) == ("FT", "train"))
        per_set = {
            name: found.model_copy(update={"per_seed": [
                value + shift[name] for value in tuned.per_ood_set[name].per_seed
            ]}) if name in shift else found
            for name, found in row.per_ood_set.items()
        }  # fmt: skip
        rows.append(row.model_copy(update={"per_ood_set": per_set}))
    return ConditionRecord(
        dataset=DATASET, kind="pretraining", name=label, label=label, value=value, backbone_accuracy=None,
        head_accuracy=None, quantities=None, sets=sets, rows=rows,
    )  # fmt: skip


def test_leads_are_seed_by_seed_and_ranked_against_the_energy():
    conditions = [
        network("few", 100, (0.3, 0.2, 0.1), (0.5, 0.1, -0.1)),
        network("many", 400, (0.6, 0.4, 0.1), (0.7, 0.6, -0.2)),
    ]
    measured = benchmark().model_copy(update={"conditions": conditions})
    found = phase_points(measured)
    assert [point.energy for point in found] == pytest.approx([3, 2, 1, 6, 4, 1])
    assert found[0].lead == pytest.approx([0.5, 0.5])
    table = phase(measured)
    assert len(table.rows) == 6
    assert table.rows[2][-1].startswith("−10.0")
    # Of both orders only the two sets of energy 1 are tied in one and not in the other.
    (rho,) = [note for note in table.notes if "energy outside" in note]
    assert float(rho.split(": ")[1].rstrip(".")) > 0.9
    assert not any("shared head" in note for note in table.notes)  # the same everywhere: no order


def test_nothing_is_said_without_a_series_over_networks():
    assert phase_points(Benchmark(suite="a", datasets=[], rows=[])) == []
    assert phase(benchmark().model_copy(update={"conditions": []})).rows == ()
