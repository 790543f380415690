"""`distort bench checkpoints`: which pretrained weights there are, who needs them, where they lie, how to get them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tyro.conf import Positional
from tyro.extras import SubcommandApp

from distort.bench_data import DataCommand
from distort.command import Answer, UsageError, entry
from distort.names import known

if TYPE_CHECKING:
    from pathlib import Path

    from empirical.backbones.checkpoint_locations import CheckpointLocations
    from empirical.backbones.published_form import PublishedBackbone


def add_commands(app: SubcommandApp) -> None:
    """Add the command on checkpoints to those of `distort bench`."""
    app.command(name="checkpoints")(CheckpointsCommand)


@dataclass(frozen=True)
class CheckpointStatus:
    """One backbone's weights.

    Attributes:
      found: the file that would be read; empty where there is none.
      checksums: published ones of its files, perhaps only their beginnings.
      sha256: of the file found, where asked for.
      checked: what reading it found, where asked for.
      how: how to get it, where it is not there.
    """

    name: str
    title: str
    recipes: list[str]
    licence: str
    looked_for: list[str]
    found: str
    bytes: int
    checksums: dict[str, str]
    sha256: str
    checked: str
    how: str


@dataclass(frozen=True, kw_only=True)
class CheckpointsCommand(DataCommand):
    """Say which pretrained weights there are, which recipe needs which, where they lie and how to get the rest."""

    names: Positional[tuple[str, ...]] = ()
    """Backbones; all of them by default."""
    verify: bool = False
    """Read what is there: checksum, names, shapes and values of every tensor; fails if anything is wrong."""
    download: bool = False
    """Fetch the named ones that are missing from their public addresses."""
    force: bool = False
    """With --download: fetch again what is there, and put it in its place once it is whole."""
    convert: bool = False
    """Bring the named ones into this project's own form, which is read fastest."""

    def __call__(self) -> Answer:
        """Fetch and convert first, where asked for; then the status of each backbone, a bad file being a failure."""
        from empirical.backbones.checkpoint_locations import checkpoint_locations
        from empirical.backbones.published import BY_NAME

        if (self.download or self.convert) and not self.names:
            raise UsageError(f"Name the backbones to fetch or convert; there are: {', '.join(BY_NAME)}.")
        data = self.data()
        locations = checkpoint_locations(data.locations.root, data.checkpoints)
        chosen = [
            BY_NAME[name]
            for name in known(
                self.names or tuple(BY_NAME), list(BY_NAME), kind="backbone", listing="`distort bench checkpoints`"
            )
        ]
        if self.download:
            self._fetch(chosen, locations)
        if self.convert:
            self._convert(chosen, locations)
        statuses = [status(backbone, locations, verify=self.verify) for backbone in chosen]
        wrong = [checkpoint.name for checkpoint in statuses if checkpoint.checked.startswith("wrong")]
        failure = f"{', '.join(wrong)} cannot be used as they are" if wrong else ""
        return Answer(statuses, _text(statuses), failure)

    def _fetch(self, chosen: "list[PublishedBackbone]", locations: "CheckpointLocations") -> None:
        from distort.progress import progress
        from empirical.backbones.fetching import fetch_weights

        with progress() as begin:
            for backbone in chosen:
                fetch_weights(backbone, locations, force=self.force, progress=begin(backbone.title))

    def _convert(self, chosen: "list[PublishedBackbone]", locations: "CheckpointLocations") -> None:
        from distort.progress import progress
        from empirical.backbones.conversion import convert

        with progress() as begin:
            for backbone in chosen:
                report = begin(f"{backbone.title}, converting")
                convert(backbone.name, locations)
                report("done", 1.0)


def status(backbone: "PublishedBackbone", locations: "CheckpointLocations", *, verify: bool) -> CheckpointStatus:
    """What there is of a backbone's weights.

    Args:
      verify: read the file that is found, and hash it; else only its beginning is looked at.
    """
    from artifacts.files import digest_of

    candidates = locations.candidates(backbone)
    existing = next((path for path, _ in candidates if path.is_file()), None)
    addresses = " or ".join(f"{file.name} from {file.address}" for file in backbone.files)
    return CheckpointStatus(
        name=backbone.name,
        title=backbone.title,
        recipes=list(backbone.needed_by),
        licence=backbone.licence,
        looked_for=[str(path) for path, _ in candidates],
        found="" if existing is None else str(existing),
        bytes=0 if existing is None else existing.stat().st_size,
        checksums={
            file.name: f"sha256 {file.sha256}" if file.sha256 else f"md5 {file.md5}" if file.md5 else "none published"
            for file in backbone.files
        },
        sha256=digest_of(existing) if verify and existing is not None else "",
        checked="" if existing is None else _checked(backbone.name, locations) if verify else _glanced_at(existing),
        how="" if existing is not None else f"distort bench checkpoints --download {backbone.name}, or {addresses}",
    )


def _glanced_at(path: "Path") -> str:
    """What the beginning of a file shows at once: whether it is a file of weights at all; empty where it is."""
    from artifacts import UserError
    from empirical.backbones.weights_file import stored_tensors

    try:
        stored_tensors(path)
    except UserError as error:
        return f"wrong: {error}"
    return ""


def _checked(name: str, locations: "CheckpointLocations") -> str:
    from artifacts import UserError
    from empirical.backbones.catalogue import BackboneChoice
    from empirical.backbones.loading import load

    try:
        loaded = load(BackboneChoice(name=name), locations)
    except UserError as error:
        return f"wrong: {error}"
    agrees = "published checksum agrees" if loaded.provenance.get("published_checksum_agrees") else "no checksum known"
    return f"complete, {agrees}; weights {loaded.fingerprint[:16]}"


def _beginning(checksum: str) -> str:
    kind, _, digits = checksum.partition(" ")
    return f"{kind} {digits[:8]}" if kind in ("sha256", "md5") else checksum


def _text(statuses: list[CheckpointStatus]) -> str:
    from empirical.backbones.checkpoint_locations import VARIABLE

    return "\n\n".join(
        entry(
            f"{checkpoint.name}: {checkpoint.title}",
            [
                ("status", checkpoint.checked or ("there" if checkpoint.found else "missing")),
                ("recipes", ", ".join(checkpoint.recipes) or "none"),
                ("licence", checkpoint.licence),
                (
                    "files",
                    "; ".join(f"{name} ({_beginning(checksum)})" for name, checksum in checkpoint.checksums.items()),
                ),
                (
                    "place",
                    checkpoint.found or " or ".join(checkpoint.looked_for) or f"nowhere: set {VARIABLE}",
                ),
                ("get it", checkpoint.how),
            ],
        )
        for checkpoint in statuses
    )
