"""`distort bench datasets|verify|download|pack|miniature`: getting the images into shape for the benchmark."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg
from tyro.extras import SubcommandApp

from distort.command import Answer, Command, UsageError, entry, table, wrapped
from distort.data_overview import data_overview
from distort.names import chosen, known

if TYPE_CHECKING:
    from empirical.datasets.configuration import Data
    from empirical.datasets.family import Family
    from empirical.store import Form, Store


def add_commands(app: SubcommandApp) -> None:
    """Add the commands on data to those of `distort bench`."""
    app.command(name="datasets")(Datasets)
    app.command(name="verify")(VerifyDataCommand)
    app.command(name="download")(Download)
    app.command(name="pack")(Pack)
    app.command(name="miniature")(WriteMiniature)


#: Folder of packed stores, below the data's root or, where none is named, here.
STORE_BELOW = Path("packed")


@dataclass(frozen=True, kw_only=True)
class DataCommand(Command):
    """Flags that say where the data lie."""

    root: Path | None = None
    """Folder that all data lie below; by default the file's, else that of the environment variable DISTORT_DATA."""
    config: Path | None = None
    """TOML file with locations elsewhere and data sets of your own (docs/datasets.md)."""

    def data(self) -> "Data":
        """The file's settings under these flags.

        Raises:
          UserError: the file cannot be read, or does not follow docs/datasets.md.
        """
        from empirical.datasets.configuration import read_data

        return read_data(self.config, root=self.root)


@dataclass(frozen=True, kw_only=True)
class Datasets(DataCommand):
    """Say what each data set is, where it is looked for, what is there, and how to get the rest."""

    def __call__(self) -> Answer:
        """Two tables, of data sets and of sources, and the steps for sources that are fetched by hand."""
        data = self.data()
        overview = data_overview(data)
        datasets = [
            (
                dataset.name,
                dataset.title,
                dataset.task,
                ", ".join(dataset.ood_sets),
                f"missing: {', '.join(dataset.missing)}" if dataset.missing else "there",
            )
            for dataset in overview.datasets
        ]
        rows = [
            (
                source.name,
                source.title,
                _size(source.bytes),
                source.licence,
                source.found or " or ".join(source.looked_for),
                "download" * bool(source.command) or ("there" if source.found else "by hand, see below"),
            )
            for source in overview.sources
        ]
        steps = [
            "\n".join(
                [f"{source.title}, by hand:", *(wrapped(f"  {n}. ", step) for n, step in enumerate(source.steps, 1))]
            )
            for source in overview.sources
            if source.steps
        ]
        first = table(("data set", "title", "ID task", "OOD sets", "status"), datasets)
        second = table(("source", "title", "size", "licence", "place", "how to get it"), rows)
        commands = [source.command for source in overview.sources if source.command]
        fetched = [f"`download`: with `distort bench download NAME`, such as\n  {commands[-1]}"] if commands else []
        return Answer(overview, "\n\n".join([first, second, *fetched, *steps]))


@dataclass(frozen=True, kw_only=True)
class VerifyDataCommand(DataCommand):
    """Check layout, counts and checksums, and decode every image; fails if anything is wrong."""

    names: Positional[tuple[str, ...]] = ()
    """Data sets, as `distort bench datasets` names them."""
    every: Annotated[bool, arg(name="all")] = False
    """All of them."""
    images: Literal["all", "none"] = "all"
    """Which images to decode; `none` takes seconds, where decoding all of ImageNet takes a good half hour a core."""

    def __call__(self) -> Answer:
        """Every check, a row each; those that failed are counted in the failure."""
        from distort.progress import progress
        from empirical.datasets.verification import Finding, verify

        families = _families(self.names, self.data(), everything=self.every)
        findings: list[Finding] = []
        checked: set[str] = set()
        with progress() as begin:
            for dataset in families:
                report = begin(dataset.title)
                decode = self.images == "all"
                findings += verify(dataset, self.data().locations, images=decode, progress=report, checked=checked)
                report("done", 1.0)
        rows = [
            (finding.status, finding.dataset, finding.set, finding.check, finding.detail, finding.mend)
            for finding in findings
        ]
        wrong = sum(finding.status == "wrong" for finding in findings)
        text = table(("", "data set", "set", "check", "found", "mend"), rows)
        return Answer(findings, text, f"{wrong} of {len(findings)} checks failed" if wrong else "")


@dataclass(frozen=True, kw_only=True)
class Download(DataCommand):
    """Fetch sources that have a public address: resumed, checked before they are opened, unpacked safely."""

    names: Positional[tuple[str, ...]]
    """Sources, as `distort bench datasets` names them."""
    keep: bool = False
    """Keep archives after they are unpacked."""
    force: bool = False
    """Fetch again what is there, and put it in its place once it is whole."""
    archives: Annotated[Path | None, arg(name="from")] = None
    """What you fetched by hand. Of imagenet: the folder with the archives, to be checked, unpacked and sorted.
    Of fmow: the challenge's photographs (fmow-rgb), of which images are made where the tables of WILDS are there."""

    def __call__(self) -> Answer:
        """Files received, with their SHA-256.

        Raises:
          UsageError: --from goes with another source than imagenet or fmow, a name is unknown, no data root is named.
          UserError: a file could not be fetched or is not what was published.
        """
        from distort.progress import progress
        from empirical.datasets.catalogue import SOURCES, source
        from empirical.datasets.download import download
        from empirical.datasets.fmow_photographs import convert
        from empirical.datasets.imagenet_archives import install
        from empirical.datasets.locations import VARIABLE

        names = chosen(
            self.names,
            [source.name for source in SOURCES],
            everything=False,
            kind="source",
            listing="`distort bench datasets`",
        )
        root = self.data().locations.root
        if root is None:
            raise UsageError(f"A download must have somewhere to go, but no root is named; set --root or {VARIABLE}.")
        if self.archives is not None and names not in (("imagenet",), ("fmow",)):
            raise UsageError("--from is for imagenet and fmow, whose files are fetched by hand; name either alone.")
        received = []
        with progress() as begin:
            for name in names:
                if self.archives is not None and name == "fmow":
                    folder = self.data().locations.folder(source(name))
                    received += convert(self.archives, folder, progress=begin(name))
                elif self.archives is not None:
                    received += install(self.archives, root / name, progress=begin(name))
                else:
                    received += download(source(name), root, keep=self.keep, force=self.force, progress=begin(name))
        entries = [
            entry(
                file.name,
                [
                    ("place", file.place),
                    ("state", file.state),
                    ("sha256", file.sha256),
                    ("published checksum", "agrees" if file.checked else "none is published"),
                ],
            )
            for file in received
        ]
        return Answer(received, "\n\n".join(entries))


@dataclass(frozen=True, kw_only=True)
class Pack(DataCommand):
    """Decode once into packed files that are read fast; continues where it was cut off."""

    names: Positional[tuple[str, ...]]
    """Data sets, as `distort bench datasets` names them."""
    out: Path | None = None
    """Folder for the packed files; by default `packed` below the data's root, where `bench run` finds them."""
    codec: Literal["raw", "jpeg"] | None = None
    """Pixels or JPEG; by default pixels for CIFAR-10 and FMoW, JPEG for the others."""
    resize: Literal["short_side", "square"] | None = None
    """Resize before packing, which changes the distribution of random crops; by default images stay as they are."""
    side: int | None = None
    """Side to resize to, in pixels; a larger one changes the crops less."""
    workers: int = 2
    """Processes that decode."""

    def __call__(self) -> Answer:
        """A row for each store, those that were complete already among them."""
        from distort.progress import progress
        from empirical.store import pack_family

        if self.workers < 1:
            raise UsageError(f"--workers must be at least 1, got {self.workers}.")
        data = self.data()
        out = self.out or (STORE_BELOW if data.locations.root is None else data.locations.root / STORE_BELOW)
        families = _families(self.names, data, everything=False)
        stores = []
        with progress() as begin:
            for dataset in families:
                form = self.form(dataset.name)
                packed = pack_family(
                    dataset, data.locations, out, form=form, workers=self.workers, progress=begin(dataset.title)
                )
                stores += [(dataset.name, store) for store in packed]
        rows = [
            (name, store.name, str(store.images), store.form.codec, _size(_bytes(store)), store.form.note)
            for name, store in stores
        ]
        return Answer(
            [store for _, store in stores], table(("data set", "set", "images", "codec", "size", "form"), rows)
        )

    def form(self, family: str) -> "Form":
        """How a data set's images are stored: its usual form, changed by the flags.

        Raises:
          UserError: the flags contradict each other.
        """
        from pydantic import ValidationError

        from empirical.store import Form
        from empirical.store.packed import DEFAULT_FORM, FORMS

        usual = FORMS.get(family, DEFAULT_FORM)
        try:
            return Form(codec=self.codec or usual.codec, resize=self.resize, side=self.side)
        except ValidationError as error:
            raise UsageError(f"--codec, --resize and --side must fit together: {error.errors()[0]['msg']}.") from error


@dataclass(frozen=True, kw_only=True)
class WriteMiniature(Command):
    """Write small synthetic copies of all ten data sets in their official layouts."""

    out: Path
    """New or empty folder; use it as --root or DISTORT_DATA."""
    seed: int = 0
    """What the images are drawn from."""

    def __call__(self) -> Answer:
        """Write them, and name the command that checks them."""
        from distort.progress import progress
        from empirical.miniature import write_miniature

        with progress() as begin:
            write_miniature(self.out, seed=self.seed, progress=begin("miniatures"))
        written = {"root": str(self.out), "seed": self.seed}
        return Answer(
            written,
            f"Miniatures of all ten data sets are in {self.out}; `distort bench verify --all --root {self.out}`.",
        )


def _families(names: tuple[str, ...], data: "Data", *, everything: bool) -> list["Family"]:
    """The families that are named, by their own names or by those of their columns; each once."""
    from empirical.datasets.catalogue import COLUMNS, family

    every = [known.name for known in data.families]
    if everything or not names:
        return [
            family(name, data.families)
            for name in chosen(names, every, everything=everything, kind="data set", listing="`distort bench datasets`")
        ]
    valid = known(
        names,
        list(dict.fromkeys([*every, *(column.name for column in COLUMNS)])),
        kind="data set",
        listing="`distort bench datasets`",
    )
    families = [family(name, data.families) for name in valid]
    return [candidate for index, candidate in enumerate(families) if candidate not in families[:index]]


def _bytes(store: "Store") -> int:
    return sum(size for shard in store.shards for size in shard.sizes.values())


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
