"""`distort bench init`: a suite file for folders of images, with comments."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import UseAppendAction

from artifacts.errors import UserError
from distort.command import Answer, Command, UsageError


@dataclass(frozen=True)
class NewSuite:
    """The file that was written, and what is in it."""

    file: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Init(Command):
    """Write a suite file for images in class folders: what was found in them, and every default as a comment."""

    images: Path
    """Folder of the ID images, a subfolder a class."""
    ood: UseAppendAction[tuple[tuple[Path, ...], ...]] = ()
    """Folders of OOD images, laid out alike: several at once, or the flag again."""
    backbone: str = "small_resnet"
    """The network; `distort bench checkpoints` lists them, docs/backbones.md says how to bring your own."""
    name: str = ""
    """Of the suite; by default the folder's."""
    out: Path | None = None
    """The file; by default NAME.toml here."""
    force: bool = False
    """Replace the file."""

    def __call__(self) -> Answer:
        """The file, read back and held against the folders before it is kept.

        Raises:
          UserError: the folders hold no classes of images, or the file is there already.
        """
        from artifacts.files import write_text
        from empirical.benchmark.new_suite import new_suite, set_name
        from empirical.benchmark.suite_file import read_suite_file

        name = self.name or set_name(self.images)
        file = self.out or Path(f"{name}.toml")
        if file.exists() and not self.force:
            raise UserError(f"{file} must not be there yet; name another with --out, or replace it with --force.")
        if not file.parent.is_dir():
            raise UserError(f"--out must lie in a folder that is there, got {file}.")
        ood = named_sets(self.images, self.ood)
        text = new_suite(name, self.images, ood, backbone=self.backbone, base=file.parent)
        write_text(file, text)
        if ood:
            read_suite_file(file)
        todo = "" if ood else " Name an OOD set in it first."
        return Answer(NewSuite(str(file), text), f"{text}\nwritten to {file}.{todo}")


def named_sets(images: Path, ood: tuple[tuple[Path, ...], ...]) -> dict[str, Path]:
    """OOD folders by the names of their sets.

    Raises:
      UsageError: two have the same name, or one is the folder of the ID images.
    """
    from empirical.benchmark.new_suite import set_name

    folders = [folder for named in ood for folder in named]
    sets = {set_name(folder): folder for folder in folders}
    if len(sets) != len(folders):
        raise UsageError(f"--ood must name folders with different names, got {', '.join(map(str, folders))}.")
    if images.resolve() in [folder.resolve() for folder in folders]:
        raise UsageError(f"--ood must name other images than --images, got {images} for both.")
    return sets
