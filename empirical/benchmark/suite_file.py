"""A suite of the user's own, from a TOML file: data, backbone, methods, grids, seeds. docs/benchmark.md shows one.

The file also says where data and checkpoints lie (docs/datasets.md), so one file is a whole experiment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from artifacts import UserError
from artifacts.frozen import Frozen
from artifacts.mistakes import mistake
from artifacts.reading import read_toml
from empirical.augment.transforms import Pipelines
from empirical.backbones.catalogue import BackboneChoice
from empirical.benchmark.suite import Suite
from empirical.datasets.catalogue import TRANSFORMS, family
from empirical.datasets.configuration import Data, read_data
from empirical.datasets.protocols import CLEAN, PAPER, Protocol, Split
from empirical.methods import LP, method
from empirical.recipes import EMBEDDED_RECIPES, PAPER_RECIPES, Recipe, SolvedProbe, Sweep, clean
from empirical.recipes.own import BATCH_SIZE, EPOCHS, own_pipelines, own_sweeps, swept
from empirical.recipes.penalties import PAPER_PENALTIES
from empirical.selection import Criterion

Model = TypeVar("Model", bound=BaseModel)


class OwnSweep(Frozen):
    """A method by name or as a table (docs/benchmark.md), and its grid, else the default one; LP has none."""

    method: str | Mapping[str, Any]
    learning_rates: tuple[float, ...] = ()
    extensions: int | None = None
    epochs: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, content: Any) -> Any:
        return {"method": content} if isinstance(content, str) else content


class OwnRecipe(Frozen):
    """A table `[recipes.NAME]`.

    Attributes:
      like: a recipe of the paper (or `digits`) that this one changes; what is left out is as there.
      dataset: one of the catalogue or of `[datasets]`; the table's name by default.
      protocol: `paper` or `clean`; `held_out` another share of each class that selects.
      side: of the images in pixels; transforms shrink in proportion.
      methods: the sweeps; LP is there unless `probe = false`.
      split: how many images of an embedded data set go where.
      evaluate: `selected` judges OOD sets only where an epoch is the best so far, and at the end.
    """

    like: str | None = None
    dataset: str | None = None
    title: str | None = None
    protocol: Literal["paper", "clean"] | None = None
    held_out: float | None = Field(default=None, gt=0, lt=1)
    backbone: str | Mapping[str, Any] | None = None
    transforms: Pipelines | None = None
    side: int | None = Field(default=None, ge=8)
    probe: Mapping[str, Any] | Literal[False] | None = None
    methods: tuple[OwnSweep, ...] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seeds: tuple[int, ...] | None = None
    metric: Literal["accuracy", "nll"] | None = None
    classes: int | None = None
    ood: tuple[str, ...] | None = None
    split: Split | None = None
    evaluate: Literal["every_epoch", "selected"] | None = None
    interpolate: tuple[str, ...] | None = None
    refit: tuple[str, ...] | None = None
    describe: bool | None = None


class _File(BaseModel):
    """The part of the file that is about runs; `read_data` reads the rest."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str | None = None
    recipes: Mapping[str, OwnRecipe] = Field(min_length=1)


def read_suite_file(path: Path, *, root: Path | None = None) -> Suite:
    """The suite that a TOML file describes.

    Raises:
      UserError: the file cannot be read, names what there is not, or contradicts itself.
    """
    data = read_data(path, root=root)
    try:
        content = _File.model_validate(read_toml(path))
    except ValidationError as error:
        raise UserError(
            f"{path} must describe at least one recipe as docs/benchmark.md does, but {mistake(error, _File)}."
        ) from error
    recipes = []
    for name, own in content.recipes.items():
        try:
            recipes.append(_recipe(name, own, data, path.parent))
        except ValidationError as error:
            raise UserError(f"{path}: recipe {name} is contradictory: {mistake(error, Recipe)}.") from error
        except UserError as error:
            raise UserError(f"{path}: recipe {name}: {error}") from error
    try:
        return Suite(name=content.name or path.stem, recipes=tuple(recipes))
    except ValidationError as error:
        raise UserError(f"{path}: {mistake(error, Suite)}.") from error


def _recipe(name: str, own: OwnRecipe, data: Data, base: Path) -> Recipe:
    fields = _foundation(name, own)
    dataset = own.dataset or fields.get("family") or name
    source = family(dataset, data.families)
    fields["family"] = source.name
    fields.setdefault("title", source.title)
    if source.pooled:
        fields.setdefault("split", Split())
    elif own.split is not None:
        raise UserError(f"`split` is for data sets that come with the package; {source.name} has its own.")
    simple = (
        "title", "epochs", "batch_size", "seeds", "classes", "ood", "split", "evaluate", "interpolate", "refit",
        "describe"
    )  # fmt: skip
    fields |= {name: getattr(own, name) for name in simple if getattr(own, name) is not None}
    if fields.get("evaluate") == "every_epoch":
        fields["watched"] = ()
    if own.seeds is not None:  # what it is like has seeds of its own, some of which its conditions and curves are of
        fields["watched"] = tuple(seed for seed in fields.get("watched", ()) if seed in own.seeds)
        fields["conditions"] = tuple(
            condition.model_copy(update={"seeds": None}) for condition in fields.get("conditions", ())
        )
    if own.seeds is not None or own.backbone is not None:  # networks that are pretrained belong to seeds, and are small
        fields["pretraining"] = None
    if own.backbone is not None:
        fields["backbone"] = _backbone(own.backbone, base)
    if own.held_out is not None:
        if own.protocol == PAPER.name:
            raise UserError(
                "`held_out` contradicts the protocol paper, which holds nothing out; leave one of them out."
            )
        fields["protocol"] = Protocol(name=f"held out {own.held_out:g}", held_out=own.held_out)
    if own.transforms is not None:
        fields["pipelines"] = own.transforms
    if own.side is not None:
        fields["pipelines"] = fields["pipelines"].at_side(own.side)
    if own.probe is not None:
        fields["probe"] = None if own.probe is False else _part(SolvedProbe, "probe", {**_probe(fields), **own.probe})
    if own.methods is not None:
        fields["sweeps"] = tuple(_sweep(sweep) for sweep in own.methods if not _is_probe(sweep, fields))
    if own.metric is not None:
        fields["criterion"] = Criterion(metric=own.metric)
    return Recipe.model_validate(fields)


def _foundation(name: str, own: OwnRecipe) -> dict[str, Any]:
    """What holds where the table says nothing."""
    if own.like is not None:
        known = {**PAPER_RECIPES, **{recipe.name: recipe for recipe in EMBEDDED_RECIPES["default"]}}
        if own.like not in known:
            raise UserError(f"`like` must be one of {', '.join(known)}, got {own.like!r}.")
        recipe = known[own.like]
        recipe = clean(recipe) if own.protocol == CLEAN.name and own.like in PAPER_RECIPES else recipe
        return {**dict(recipe), "name": name, "source": f"like {own.like}"}
    if own.backbone is None:
        raise UserError("`backbone` must be given, or `like` must name a recipe to take it from.")
    protocol = PAPER if own.protocol == PAPER.name else CLEAN
    pipelines = TRANSFORMS.get(own.dataset or name) or own_pipelines(_backbone(own.backbone, Path()))
    return {
        "name": name,
        "protocol": protocol,
        "pipelines": pipelines.under(protocol.name),
        "probe": SolvedProbe(),
        "sweeps": own_sweeps() if own.methods is None and own.probe is not False else (),
        "epochs": EPOCHS,
        "batch_size": BATCH_SIZE,
        "source": "the user's own",
    }


def _backbone(choice: str | Mapping[str, Any], base: Path) -> BackboneChoice:
    fields = {"name": choice} if isinstance(choice, str) else dict(choice)
    backbone = _part(BackboneChoice, "backbone", fields)
    return (
        backbone
        if backbone.checkpoint is None
        else backbone.model_copy(update={"checkpoint": base / backbone.checkpoint})
    )


def _part(kind: type[Model], name: str, fields: Mapping[str, Any]) -> Model:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise UserError(f"`{name}` is wrong: {mistake(error, kind)}.") from error


def _probe(fields: Mapping[str, Any]) -> dict[str, Any]:
    probe = fields.get("probe")
    return dict(probe) if isinstance(probe, SolvedProbe) else {"penalties": PAPER_PENALTIES}


def _is_probe(own: OwnSweep, fields: Mapping[str, Any]) -> bool:
    """LP among the methods says that there is a probe, which the recipe says already."""
    if method(own.method) != LP:
        return False
    if own.learning_rates or fields.get("probe") is None:
        raise UserError("LP is solved: it needs a `probe` and has no `learning_rates`.")
    return True


def _sweep(own: OwnSweep) -> Sweep:
    plain = swept(method(own.method))
    rates = own.learning_rates or plain.learning_rates
    extensions = own.extensions if own.extensions is not None else 0 if own.learning_rates else plain.extensions
    return Sweep(method=plain.method, learning_rates=rates, extensions=extensions, epochs=own.epochs)
