"""The theory's quantities for a recipe: its pretrained features against every head that training may start from."""

import math
from collections.abc import Mapping

import jax
import numpy as np

from empirical.backbones.classifier import Head, random_head
from empirical.benchmark.columns import columns
from empirical.benchmark.run import Run
from empirical.distortion import can_be_halved, estimates
from empirical.linear_probe import Features, ProbeHead, probe_path
from empirical.recipes import OF_HEADS
from empirical.records import TheoryQuantities
from empirical.runs.materials import Materials
from empirical.runs.training import head_source
from empirical.training import starting_classifier

#: Of the truth, where it has to be solved here; fixed, since a diagnostic needs no selection.
PENALTY = 0.01


def start_heads(run: Run, ingredients: Materials) -> dict[str, ProbeHead]:
    """Heads by name: a fresh one, the linear probe where it is solved, and those of the recipe's head starts."""
    seed, width = run.seed, ingredients.loaded.backbone.feature_dim
    heads = {"random": random_head(ingredients.classes, width, key=jax.random.key(seed))}
    head = head_source(run, ingredients)
    if head is not None:
        heads["linear_probe"] = head[0]
    for condition in () if run.unit.condition else ingredients.recipe.conditions:
        method = condition.method
        if condition.kind in OF_HEADS and method is not None and not method.needs_probe:
            start = starting_classifier(
                method, ingredients.loaded.backbone, classes=ingredients.classes, seed=seed, data=ingredients.training,
                batch_size=ingredients.recipe.batch_size,
            )  # fmt: skip
            heads[condition.name] = start.head
    return {name: _as_probe(head) for name, head in heads.items()}


def quantities(
    run: Run, ingredients: Materials, starts: Mapping[str, ProbeHead], truth: ProbeHead | None
) -> list[TheoryQuantities]:
    """One for each head; none where ID or OOD images show every class once, so that none can be held out.

    Args:
      truth: the best head on ID and OOD images together; solved here on training and OOD images where it is not given.
    """
    sets = {images.name: images for images in ingredients.dataset.ood}
    used = list(
        dict.fromkeys(
            name for names in columns(ingredients.recipe, ingredients.family, list(sets)).values() for name in names
        )
    )
    seen = ingredients.pretrained
    labels = {name: sets[name].labels[seen.positions[name]].astype(np.int32) for name in used}
    ood = Features(
        np.concatenate([seen.features[name] for name in used]), np.concatenate([labels[name] for name in used])
    )
    test = ingredients.dataset.id_test
    id_test = Features(seen.features[test.name], test.labels[seen.positions[test.name]].astype(np.int32))
    if not all(can_be_halved(part.labels) for part in (id_test, ood)):
        return []
    if truth is None and starts:
        training = ingredients.training_features(seed=run.seed)
        both = Features(*(np.concatenate(arrays) for arrays in zip(training, ood, strict=True)))
        truth = probe_path(both, classes=ingredients.classes, penalties=(PENALTY,))[0].head
    return (
        []
        if truth is None
        else [_quantities(run, ingredients, name, id_test, ood, head, truth) for name, head in starts.items()]
    )


def _quantities(
    run: Run, ingredients: Materials, name: str, id_test: Features, ood: Features, start: ProbeHead, truth: ProbeHead
) -> TheoryQuantities:
    measured = estimates(id_test, ood, start=start, truth=truth)
    upper = measured.linear_probing_upper_bound
    return TheoryQuantities(
        dataset=ingredients.recipe.name,
        condition=run.unit.condition,
        head=name,
        seed=run.seed,
        feature_error=measured.feature_error,
        truth_norm=measured.heads.truth_norm,
        head_alignment_error=measured.heads.alignment_error,
        relative_head_alignment_error=measured.heads.relative_alignment_error,
        on_subspace_cosine=measured.exposure.on_cosine,
        linear_probing_upper_bound=upper if math.isfinite(upper) else None,
        feature_dim=ingredients.loaded.backbone.feature_dim,
    )


def _as_probe(head: Head) -> ProbeHead:
    return ProbeHead(np.asarray(head.weight), np.asarray(head.bias))
