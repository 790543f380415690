"""Every figure of the theory is drawn from simulated data, labelled, and written the same way twice."""

import importlib

import pytest
from matplotlib.figure import Figure

from figures import style
from figures.save import save
from simulations.experiments import bounds_against_parameters, phase_diagram, toy_example

#: Figures whose data are cheap enough to simulate here; configurations far below the quick scale.
DRAWN = {
    "toy_example": (toy_example, toy_example.ToyExample(moments=20)),
    "bounds_against_parameters": (
        bounds_against_parameters,
        bounds_against_parameters.BoundsAgainstParameters(points=4, problems=8),
    ),
    "phase_diagram": (phase_diagram, phase_diagram.PhaseDiagram(cells=6, problems=8)),
}


@pytest.fixture(scope="module", params=DRAWN)
def drawn(request):
    experiment, config = DRAWN[request.param]
    module = importlib.import_module(f"figures.{request.param}")
    return module.draw(experiment.simulate(config))


def test_every_panel_is_labelled(drawn):
    assert isinstance(drawn, Figure)
    for axis in drawn.axes:
        assert axis.get_xlabel() or axis.get_ylabel()


def test_files_are_the_same_twice(drawn, tmp_path):
    first, second = (tmp_path / name for name in ("first", "second"))
    for folder in (first, second):
        folder.mkdir()
        save(drawn, folder, "figure")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    assert {path.suffix for path in first.iterdir()} == {".svg", ".png", ".pdf"}


def test_one_method_has_one_look():
    assert set(style.COLOURS) == set(style.LABELS) == set(style.DASHES) == set(style.METHODS)
    assert len(set(style.COLOURS.values())) == 3
