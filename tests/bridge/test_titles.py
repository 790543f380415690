"""The list of experiments that is read from their text is that of the experiments."""

import pytest

from bridge import titles
from bridge.catalogue import EXPERIMENTS


def test_titles_are_those_of_the_experiments():
    assert titles.titles() == tuple((one.name, one.title) for one in EXPERIMENTS)


@pytest.mark.parametrize(
    ("declaration", "found"),
    [
        ('Experiment("a", "A", configuration, order=3)', (3, "a", "A")),
        ('Experiment(name="a", title="A " "B", config=None)', (titles.USUAL_ORDER, "a", "A B")),
    ],
)
def test_declarations_are_read_from_text(declaration, found, tmp_path):
    path = tmp_path / "a.py"
    path.write_text(f"import no_such_library\nEXPERIMENT = {declaration}\n")
    assert titles._declared(path, "simulations.experiments") == found


def test_a_declaration_that_is_computed_is_imported(tmp_path):
    path = tmp_path / "toy_example.py"
    path.write_text("EXPERIMENT = make()\n")
    known = next(one for one in EXPERIMENTS if one.name == "toy_example")
    assert titles._declared(path, "simulations.experiments") == (known.order, known.name, known.title)


def test_a_module_without_one_is_none(tmp_path):
    path = tmp_path / "shared.py"
    path.write_text("WIDTH = 3\n")
    assert titles._declared(path, "simulations.experiments") is None
