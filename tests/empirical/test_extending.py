"""The recipes of docs/extending.md, followed to the letter: what is added works everywhere."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from empirical import Run, Unit, Workspace
from empirical.backbones import catalogue as backbones
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.published import BY_NAME
from empirical.benchmark.columns import columns
from empirical.benchmark.suite import Suite
from empirical.datasets import catalogue
from empirical.datasets.catalogue import TRANSFORMS
from empirical.datasets.embedded import PooledLook, pooled_family
from empirical.datasets.family import Column
from empirical.datasets.protocols import CLEAN, Split
from empirical.methods import LP_FT, named, reading
from empirical.methods.named import _variant
from empirical.recipes import Recipe, SolvedProbe, Sweep
from empirical.runs.materials import materials

CLASSES, COUNT = 3, 60


@cache
def drawn(level: int) -> np.ndarray:
    """Noise around a level of grey."""
    return np.random.default_rng(level).integers(level - 20, level + 20, (COUNT, 32, 32, 3)).astype(np.uint8)


def labels() -> np.ndarray:
    return (np.arange(COUNT) % CLASSES).astype(np.int32)


GREY = pooled_family(
    "grey",
    "Shades of grey",
    classes=("a", "b", "c"),
    labels=labels,
    id_pictures=lambda: drawn(60),
    looks=[
        PooledLook(name="bright", premises="met", reason="Every pixel is brighter.", pictures=lambda: drawn(200)),
        PooledLook(name="same", premises="near ID", reason="Drawn alike.", pictures=lambda: drawn(61)),
    ],
    columns=(Column("grey", "Shades of grey", "grey", ("bright",)),),
)
RECIPE = Recipe(
    name="grey", title="Shades of grey", family="grey", protocol=CLEAN, backbone=BackboneChoice(name="small_resnet"),
    pipelines=TRANSFORMS["digits"], probe=SolvedProbe(penalties=(0.1, 1.0)),
    sweeps=(Sweep(method=LP_FT, learning_rates=(1e-3,)),), epochs=1, batch_size=8,
    split=Split(training=24, validation=12, test=18), source="a test",
)  # fmt: skip


def test_a_method_is_one_entry(monkeypatch):
    method = _variant(LP_FT, "LP-FT, norms", trains=("norm_affine", "head"))
    monkeypatch.setitem(named.METHODS, method.label, method)
    assert reading.method("LP-FT, norms") == method
    assert reading.method({"like": "LP-FT, norms", "norm_mode": "train"}).trains == ("norm_affine", "head")


def test_an_embedded_data_set_is_one_file_and_a_recipe(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "EMBEDDED", (*catalogue.EMBEDDED, GREY))
    suite = Suite(name="grey", recipes=(RECIPE,))
    workspace = Workspace(folder=tmp_path)
    first, second = (materials(Run(Unit(kind="probe", recipe="grey", seed=seed), suite, workspace)) for seed in (0, 1))
    assert [len(images) for images in first.dataset.sets] == [24, 12, 18, 18, 18]
    assert first.inputs["data"]["id_training"] != second.inputs["data"]["id_training"]
    assert first.inputs["data"]["bright"] == second.inputs["data"]["bright"]
    assert [len(images) for images in first.dataset.counterparts] == [24, 24]
    assert columns(RECIPE, catalogue.catalogued("grey"), ["bright", "same"]) == {"grey": ["bright"]}


@pytest.mark.parametrize("name", ["supervised_resnet50"])
def test_a_published_backbone_is_one_entry(monkeypatch, name):
    entry = replace(BY_NAME[name], name="resnet50_of_others", title="ResNet-50 of others", needed_by=())
    monkeypatch.setitem(backbones.BY_NAME, entry.name, entry)
    assert backbones.published(entry.name) is entry
    assert backbones.BackboneChoice(name=entry.name).compute == "float32"
