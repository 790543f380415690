"""Every figure of the theory is drawn from simulated data, labelled, and written the same way twice."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from bridge.catalogue import EXPERIMENTS
from bridge.experiments import linear_network_on_digits
from figures.captions import caption
from figures.catalogue import FIGURES, entry
from figures.look import style
from figures.look.saving import FORMATS_FOR_PRINT, save
from simulations.experiments import (
    along_training,
    any_loss,
    bounds_against_parameters,
    certified_threshold,
    finite_sample,
    finite_steps,
    head_learning_rate,
    l2_sp,
    last_layers_on_digits,
    phase_diagram,
    relu_network,
    several_outputs,
    toy_example,
    weight_interpolation,
)

#: Figures drawn from one experiment that is cheap enough to simulate here; configurations far below the quick scale.
DRAWN = {
    "toy_example": (toy_example, {"moments": 20}),
    "bounds_against_parameters": (bounds_against_parameters, {"points": 4, "problems": 8, "features": (1, 2)}),
    "certified_threshold": (certified_threshold, {"input_dims": (40, 80), "swept_input_dim": 40, "draws": 3}),
    "phase_diagram": (phase_diagram, {"cells": 6, "problems": 8}),
    "early_stopping": (along_training, {"problems": 8}),
    "weight_interpolation": (weight_interpolation, {"problems": 8}),
    "head_learning_rate": (head_learning_rate, {"ratios": 3, "largest": 10.0, "smallest": 0.1, "problems": 4}),
    "l2_sp": (l2_sp, {"strengths": 3, "problems": 4}),
    "finite_steps": (finite_steps, {"steps": 3, "problems": 4}),
    "finite_sample": (finite_sample, {"examples": (4, 16), "problems": 4}),
    "any_loss": (any_loss, {"heads": 2, "problems": 4}),
    "last_layers_on_digits": (last_layers_on_digits, {"steps": 80}),
    "linear_network_on_digits": (
        linear_network_on_digits,
        {"angles": (0.0, 90.0), "features": 9, "characters": 500, "training": 60},
    ),
    "several_outputs": (several_outputs, {"errors": 3, "problems": 4}),
    "relu_network": (relu_network, {"errors": 3, "problems": 4}),
}


@pytest.fixture(scope="module", params=DRAWN)
def drawn(request):
    return figure_of(request.param)


def figure_of(name):
    module, changes = DRAWN[name]
    quick = module.EXPERIMENT.config("quick")
    config = type(quick)(**(quick.model_dump() | changes))
    return entry(name).load().draw(module.simulate(config))


def test_every_panel_is_labelled(drawn):
    assert isinstance(drawn, Figure)
    for axis in drawn.axes:
        assert axis.get_xlabel() or axis.get_ylabel() or not axis.axison


def test_files_are_the_same_twice(tmp_path):
    drawn = figure_of("toy_example")
    first, second = (tmp_path / name for name in ("first", "second"))
    for folder in (first, second):
        folder.mkdir()
        save(drawn, folder, "figure", FORMATS_FOR_PRINT)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    assert {path.suffix for path in first.iterdir()} == {".svg", ".png", ".pdf"}


def test_one_method_has_one_look():
    assert set(style.COLOURS) == set(style.LABELS) == set(style.DASHES) == set(style.METHODS)
    assert len(set(style.COLOURS.values())) == 3


def test_captions_say_what_is_beyond_the_paper():
    beyond = {experiment.name for experiment in EXPERIMENTS if experiment.beyond_the_paper}
    for figure in FIGURES:
        if any(Path(source).name in beyond for source in figure.sources):
            assert caption(figure.load()).startswith("Beyond the paper"), figure.name
