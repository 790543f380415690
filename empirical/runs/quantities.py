"""The theory's quantities for a recipe: its pretrained features against every head that training may start from."""

import math
from collections.abc import Mapping

import jax
import numpy as np

from empirical.backbones.classifier import Head, random_head
from empirical.benchmark.columns import columns
from empirical.benchmark.suite import Suite
from empirical.benchmark.units import Unit
from empirical.benchmark.workspace import Places
from empirical.distortion import estimates
from empirical.linear_probe import Features, ProbeHead, probe_path
from empirical.records import TheoryQuantities
from empirical.runs.materials import Materials
from empirical.runs.training import head_source
from empirical.training import starting_classifier

#: Of the truth, where it has to be solved here; fixed, since a diagnostic needs no selection.
PENALTY = 0.01


def start_heads(unit: Unit, suite: Suite, places: Places, found: Materials) -> dict[str, ProbeHead]:
    """Heads by name: a fresh one, the linear probe where it is solved, and those of the recipe's head starts."""
    seed, width = unit.seed or 0, found.loaded.backbone.feature_dim
    heads = {"random": random_head(found.classes, width, key=jax.random.key(seed))}
    if found.recipe.solves:
        head = head_source(unit, suite, places, found)
        assert head is not None
        heads["linear_probe"] = head[0]
    for one in found.recipe.variations:
        if one.kind == "head_start" and one.method is not None and not unit.condition and not one.method.needs_probe:
            start = starting_classifier(
                one.method, found.loaded.backbone, classes=found.classes, seed=seed, data=found.training,
                batch_size=found.recipe.batch_size,
            )  # fmt: skip
            heads[one.name] = start.head
    return {name: _as_probe(head) for name, head in heads.items()}


def quantities(
    unit: Unit, found: Materials, starts: Mapping[str, ProbeHead], truth: ProbeHead | None
) -> list[TheoryQuantities]:
    """One for each head.

    Args:
      truth: the best head on ID and OOD images together; solved here on training and OOD images where it is not given.
    """
    sets = {images.name: images for images in found.dataset.ood}
    used = list(dict.fromkeys(name for names in columns(found.recipe, list(sets)).values() for name in names))
    seen = found.pretrained
    labels = {name: sets[name].labels[seen.positions[name]].astype(np.int32) for name in used}
    ood = Features(
        np.concatenate([seen.features[name] for name in used]), np.concatenate([labels[name] for name in used])
    )
    test = found.dataset.id_test
    id_test = Features(seen.features[test.name], test.labels[seen.positions[test.name]].astype(np.int32))
    if truth is None and starts:
        training = found.training_features(seed=unit.seed or 0)
        both = Features(*(np.concatenate(arrays) for arrays in zip(training, ood, strict=True)))
        truth = probe_path(both, classes=found.classes, penalties=(PENALTY,))[0].head
    return (
        []
        if truth is None
        else [_quantities(unit, found, name, id_test, ood, head, truth) for name, head in starts.items()]
    )


def _quantities(
    unit: Unit, found: Materials, name: str, id_test: Features, ood: Features, start: ProbeHead, truth: ProbeHead
) -> TheoryQuantities:
    measured = estimates(id_test, ood, start=start, truth=truth)
    upper = measured.linear_probing_upper_bound
    return TheoryQuantities(
        dataset=found.recipe.name,
        condition=unit.condition,
        head=name,
        seed=unit.seed or 0,
        feature_error=measured.feature_error,
        truth_norm=measured.heads.truth_norm,
        head_alignment_error=measured.heads.alignment_error,
        relative_head_alignment_error=measured.heads.relative_alignment_error,
        off_subspace_cosine=measured.exposure.off_cosine,
        on_subspace_cosine=measured.exposure.on_cosine,
        fine_tuning_lower_bound=measured.fine_tuning_lower_bound,
        linear_probing_upper_bound=upper if math.isfinite(upper) else None,
        feature_dim=found.loaded.backbone.feature_dim,
    )


def _as_probe(head: Head) -> ProbeHead:
    return ProbeHead(np.asarray(head.weight), np.asarray(head.bias))
