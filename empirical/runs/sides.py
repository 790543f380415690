"""The side of the images that transforms give, held against what the network takes."""

from artifacts import UserError
from empirical.recipes import Recipe


def check_side(recipe: Recipe, wanted: int | None) -> None:
    """Refuse transforms whose images the network does not take.

    Args:
      wanted: the only side in pixels that the network takes; None: any.
    Raises:
      UserError: the transforms give another.
    """
    sides = {recipe.pipelines.training.side, recipe.pipelines.evaluation.side}
    if len(sides) > 1:
        raise UserError(f"Both transforms of {recipe.name} must give images of one side, got {sorted(sides)}.")
    if wanted is not None and sides != {wanted}:
        raise UserError(
            f"{recipe.backbone.name} takes images of {wanted} pixels, but the transforms of {recipe.name} give "
            f"{min(sides)}; set `side = {wanted}`."
        )
