"""What fine-tuning left of the features: a head refitted on them, and how far OOD features followed ID features.

The theory says that fine-tuning distorts what the tuned head makes of OOD features, not what they tell. So a head that
is refitted on the tuned features, with labelled images of an OOD set, must read that set about as well as one on the
pretrained features does. It looks at OOD training data and serves to say where the loss lies, never to select.
"""

from pathlib import Path

import numpy as np

from artifacts import Outcome, UserError
from empirical.benchmark.run import Run
from empirical.distortion import followed_share
from empirical.linear_probe import Features, probe_path
from empirical.records import METRICS_FILE, RESULT_FILE, Refitting, write_lines, write_record
from empirical.runs.materials import Materials, materials
from empirical.runs.publishing import file_of, of_trained_run, publish_run
from empirical.runs.training import SELECTED_FILE, read_selected

#: That of the heads which describe pretrained features, so that both compare.
PENALTY = 0.01
ID_TEST = "id_test"


def publish_refitting(run: Run, force: bool) -> Outcome:
    """Publish what is left of the features at a training run's selected epoch.

    Raises:
      UserError: the data set has no training images in its OOD looks.
    """
    ingredients = materials(run)
    if not ingredients.dataset.counterparts:
        raise UserError(
            f"A refitted head needs training images in the look of OOD sets, but {run.recipe.name} has none; leave "
            "`refit` out of its recipe."
        )
    end_path, end = file_of(run.trained, SELECTED_FILE)

    def build(directory: Path) -> None:
        record = _refitted(run, ingredients, end_path)
        write_lines(directory / METRICS_FILE, [record])
        write_record(directory / RESULT_FILE, record)

    return publish_run(run, inputs={**ingredients.inputs, "end": end}, build=build, force=force)


def _refitted(run: Run, ingredients: Materials, end: Path) -> Refitting:
    tuned, dataset = read_selected(end, ingredients), ingredients.dataset
    seen = ingredients.images.looks(tuned, moving=None).features
    after = ingredients.judge(tuned, moving=None).features
    before = ingredients.features
    labels = dataset.id_training.labels.astype(np.int32)
    accuracies, followed = {}, {}
    for name in (ID_TEST, *(images.name for images in dataset.counterparts)):
        features = Features(seen[dataset.id_training.name if name == ID_TEST else name], labels)
        head = probe_path(features, classes=ingredients.classes, penalties=(PENALTY,))[0].head
        accuracies[name] = ingredients.judge.of_head(head, after, [name])[name].accuracy
        # OOD sets show the first of the ID test images in another look.
        count = len(after[name])
        moved = after[ID_TEST][:count] - before[ID_TEST][:count]
        followed[name] = followed_share(moved, after[name] - before[name])
    return Refitting(**of_trained_run(run), accuracies=accuracies, followed=followed)
