"""`distort advise`: LP, FT or LP-FT for data of one's own, from premises that are measured before any training."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import UseAppendAction

from distort.command import Answer, MakingCommand, UsageError
from distort.suites import BENCHMARK

if TYPE_CHECKING:
    from empirical import Workspace


@dataclass(frozen=True, kw_only=True)
class Advise(MakingCommand):
    """Say which method to try first on your data, why, and how often such advice was right, from features alone."""

    suite: Path | None = None
    """TOML file of your suite (docs/benchmark.md)."""
    images: Path | None = None
    """Instead of a suite: folder of ID images, a subfolder a class."""
    ood: UseAppendAction[tuple[tuple[Path, ...], ...]] = ()
    """Folders of OOD images, laid out alike, or of images alone where there are no labels: several at once, or the flag
    again."""
    backbone: str = "small_resnet"
    """The network, where no suite names it."""
    root: Path | None = None
    """Folder that all data lie below; by default the suite's."""
    confirm: bool = False
    """Train FT and LP-FT for a few epochs, with as many seeds as it takes to tell the methods apart."""
    out: Path | None = None
    """Folder for features and short runs; by default advice-NAME."""
    check: UseAppendAction[tuple[Path, ...]] = ()
    """Instead of advice: hold rule and diagram against finished results, a results folder, a folder with a collected
    benchmark.json, or a file that --check --json printed; may be repeated. Premises that results do not hold are
    measured with --suite, or with --root as the results' own suite says."""

    def __call__(self) -> Answer:
        """Advice for every OOD set; or, with --check, how often it was right."""
        self.accept()
        if self.check:
            from distort.advise_check import checked

            if self.images is not None or self.ood:
                raise UsageError("Results are held against the data of their suite; leave --images and --ood out.")
            return checked(self.check, suite=self.suite, root=self.root, out=self.out)
        if (self.suite is None) == (self.images is None):
            raise UsageError("Name a suite with --suite, or folders with --images and --ood.")
        if self.suite is not None and self.ood:
            raise UsageError("A suite names its OOD sets itself; leave --ood out.")
        return self._advice()

    def _advice(self) -> Answer:
        from distort.advise_text import answer, without_ood
        from distort.bench_init import named_sets
        from distort.folder import held
        from distort.progress import progress
        from empirical import Ledger, read_suite_file
        from empirical.advice.confirming import confirm
        from empirical.advice.measuring import called, premises_of, unlabelled_of

        ood = {} if self.images is None else named_sets(self.images, self.ood)
        unlabelled = {name: folder for name, folder in ood.items() if _has_no_classes(folder)}
        labelled = {name: folder for name, folder in ood.items() if name not in unlabelled}
        name = self.suite.stem if self.suite is not None else _name(self.images)
        with held(self.out or Path(f"advice-{name}")) as folder, progress() as begin:
            file = self.suite or self._written(folder / "suite.toml", labelled)
            workspace = workspace_of(folder, file, self.root)
            suite = read_suite_file(file, root=self.root)
            premises = premises_of(Ledger(suite, workspace), progress=begin("features and probes"))
            bare = unlabelled_of(Ledger(suite, workspace), unlabelled) if unlabelled else []
            told = self.suite is not None or bool(labelled)
            confirmations = [
                confirm(recipe, workspace, name=called(suite), progress=begin(f"confirming on {recipe.name}"))
                for recipe in (suite.recipes if self.confirm and told else ())
            ]
        if not told:
            premises = [measured.model_copy(update={"sets": [], "truth_norm": None}) for measured in premises]
        return answer(premises, confirmations, bare) if told or bare else without_ood(premises)

    def _written(self, file: Path, labelled: dict[str, Path]) -> Path:
        from artifacts.files import write_text
        from empirical.benchmark.new_suite import new_suite

        assert self.images is not None
        # A data set has an OOD set; where none was named, the ID images stand in for it and nothing is said of them.
        ood = labelled or {"none": self.images}
        write_text(file, new_suite(_name(self.images), self.images, ood, backbone=self.backbone, base=file.parent))
        return file


def _has_no_classes(folder: Path) -> bool:
    """Whether a folder holds images and no folders, which would be classes."""
    from artifacts.errors import UserError
    from empirical.datasets.listings import image_names, subfolders

    try:
        return not subfolders(folder) and bool(image_names(folder))
    except UserError:  # neither: whoever reads classes says so
        return False


def workspace_of(folder: Path, configuration: Path | None, root: Path | None) -> "Workspace":
    """Where premises are measured: a results folder that is held, and where data are."""
    from empirical import Workspace

    return Workspace(
        folder=(folder / BENCHMARK).absolute(),
        configuration=None if configuration is None else configuration.absolute(),
        root=None if root is None else root.absolute(),
    )


def _name(images: Path | None) -> str:
    from empirical.benchmark.new_suite import set_name

    return set_name(images or Path())
