"""The images of a run, held against what its recipe says of them."""

from artifacts import UserError
from empirical.benchmark.run import Run
from empirical.datasets.family import Family
from empirical.datasets.image_sets import Dataset
from empirical.datasets.reading import read_dataset


def read_images(run: Run, source: Family) -> Dataset:
    """The sets of a run: names and labels; pixels are read when they are asked for.

    Args:
      source: the family that the recipe names.
    Raises:
      UserError: data are missing, or they contradict the recipe.
    """
    recipe = run.recipe
    dataset = read_dataset(
        source,
        run.workspace.data.locations,
        protocol=recipe.protocol,
        ood=recipe.ood,
        split=recipe.split,
        replicate=run.seed if source.pooled else 0,
    )
    _check(run, dataset)
    return dataset


def _check(run: Run, dataset: Dataset) -> None:
    recipe = run.recipe
    if recipe.classes is not None and recipe.classes != len(dataset.classes):
        raise UserError(
            f"The recipe {recipe.name} is for {recipe.classes} classes, but its data have {len(dataset.classes)}; "
            "correct `classes`, or the data."
        )
    if not dataset.ood:
        raise UserError(f"The recipe {recipe.name} must have an OOD set, got none; name one under `ood`.")
    for images in dataset.sets:
        if len(images) == 0:
            raise UserError(f"Every set of {recipe.name} must hold images, but {images.name} holds none.")
    if run.suite.name == "miniature" and not dataset.miniature:
        raise UserError(
            f"The suite miniature is for miniatures, but {recipe.name} was found real; "
            "`distort bench miniature` writes them, --root names where they are."
        )
