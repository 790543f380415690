"""Networks that come with the package are those that the embedded recipes ask for."""

import re

import pytest

from artifacts import UserError
from empirical.backbones.checkpoints import read_provenance
from empirical.backbones.shipped import shipped_weights
from empirical.pretraining import Pretraining
from empirical.recipes import DIGITS
from empirical.runs.pretraining import shipped_network


def asked():
    """Every shipped network of the recipes, once."""
    for recipe in DIGITS.values():
        changed = [condition.pretraining for condition in recipe.conditions]
        for pretraining in (recipe.pretraining, *changed):
            if pretraining is not None and pretraining.shipped:
                yield from (pretraining.from_seed(seed) for seed in recipe.seeds)


NETWORKS = list(dict.fromkeys(asked()))


def of(pretraining):
    return {"steps": pretraining.steps, "looks": pretraining.looks, "seed": pretraining.seed}


@pytest.mark.parametrize("pretraining", NETWORKS, ids=str)
def test_it_was_pretrained_as_the_recipe_says_and_reads_characters_in_new_fonts(pretraining):
    path = shipped_weights(**of(pretraining))
    made = shipped_network(path, Pretraining(**of(pretraining)))
    command = made.provenance["command"]
    assert command.startswith("python -m empirical.pretraining --out PATH")
    assert re.search(rf"--config.seed {pretraining.seed}\b", command)
    # One of 45 characters: chance is 0.02. Features of the plain look alone read few of the eight.
    assert made.provenance["held_out_font_accuracy"] > (0.5 if pretraining.looks == "all" else 0.05)


def test_the_seeds_have_different_networks():
    provenances = [read_provenance(shipped_weights(**of(pretraining))) for pretraining in NETWORKS]
    seeds = [one["configuration"]["seed"] for one in provenances if one["configuration"]["looks"] == "all"]
    assert len(set(seeds)) == len(seeds) == len(DIGITS["default"].seeds)


def test_what_does_not_come_with_the_package_is_refused():
    with pytest.raises(UserError, match="leave `shipped` out"):
        shipped_weights(steps=7, looks="all", seed=20)
    path = shipped_weights(**of(NETWORKS[0]))
    with pytest.raises(UserError, match="must hold the network of"):
        shipped_network(path, Pretraining(**{**of(NETWORKS[0]), "steps": 7}))
