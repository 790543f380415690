"""Whether what a run is made from is here. Folders and names of files are looked at; nothing is read or computed."""

from artifacts import UserError
from empirical.backbones.catalogue import only_side
from empirical.backbones.checkpoint_locations import weights_file
from empirical.benchmark.run import Run
from empirical.datasets.catalogue import family
from empirical.datasets.family import Family
from empirical.datasets.presence import check_folder
from empirical.runs.publishing import WEIGHTS_FILE, file_of
from empirical.runs.sides import check_side


def check_there(run: Run) -> None:
    """Refuse a run whose data or weights are not here, or that its recipe contradicts.

    Raises:
      UserError: what is missing or wrong, and how to mend it.
    """
    recipe = run.recipe
    if run.pretraining is not None:
        file_of(run.pretraining, WEIGHTS_FILE)
    source = family(recipe.family, run.workspace.data.families)
    if not source.pooled:  # those come with packages that are installed, and are drawn
        check_folder(source, source.training, run.workspace.data.locations)
        _check_images(run, source)
    if run.pretraining is None:
        path, _ = weights_file(run.backbone, run.workspace.checkpoints)
        if path is not None and not path.is_file():
            raise UserError(f"{recipe.backbone.name} must be given a checkpoint that is a file, got {path}.")
    check_side(recipe, only_side(run.backbone))


def _check_images(run: Run, source: Family) -> None:
    from empirical.runs.images import read_images  # once there is something to read

    read_images(run, source)
