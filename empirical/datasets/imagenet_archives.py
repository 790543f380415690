"""ImageNet from the archives that its site gives on registration: checked, unpacked, the validation set sorted.

The training archive holds 1,000 archives, one a class. The validation images lie flat in theirs; which class each shows
is said by the development kit (`ILSVRC2012_devkit_t12.tar.gz`) or, where that is not at hand, by Kaggle's
`LOC_val_solution.csv`.
"""

import csv
import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scipy.io import loadmat

from artifacts import UserError
from artifacts.progress import Progress
from artifacts.reading import open_regular, read_regular, read_text
from empirical.datasets.download import Received
from empirical.datasets.families.imagenet import CLASSES
from empirical.datasets.layouts.imagenet import WNID
from empirical.datasets.listings import subfolders
from empirical.formats.archives import BadArchive, unpack

TRAINING, VALIDATION, KIT = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"
#: MD5, as image-net.org publishes them.
MD5 = {
    TRAINING: "1d675b47d978889d74fa0da5fadfb00e",
    VALIDATION: "29b22e2961454d5413ddabcf34fc5622",
    KIT: "fa75699e90414af021442c21a62c3abf",
}
SOLUTION = "LOC_val_solution.csv"
IMAGES = 50_000
_TABLE = "data/meta.mat"
_TRUTH = "data/ILSVRC2012_validation_ground_truth.txt"
MOST_BYTES = 64 << 20


def install(
    archives: Path, folder: Path, *, checksums: Mapping[str, str] = MD5, classes: int = CLASSES, images: int = IMAGES,
    progress: Progress,
) -> list[Received]:  # fmt: skip
    """Make `folder/train` and `folder/val` from the archives in a folder; classes that are there already are kept.

    Args:
      checksums: MD5 by the archive's name; every one that is used must agree before it is opened.
      classes, images: how many the archives must hold.
    Raises:
      UserError: an archive is missing, wrong or of another content; there is no room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        received = [_training(archives, folder / "train", checksums, classes, progress)]
        received.append(_validation(archives, folder / "val", checksums, classes, images, progress))
        return received
    except (OSError, tarfile.TarError) as error:
        raise UserError(f"{folder} must be writable and have room, but {error}; run the command again.") from error


def _training(archives: Path, folder: Path, checksums: Mapping[str, str], classes: int, progress: Progress) -> Received:
    there = _class_folders(folder)
    if len(there) == classes:
        return Received(TRAINING, str(folder), "", checked=False, state="there; `distort bench verify` counts it")
    sha256 = _checked(archives / TRAINING, checksums[TRAINING], progress)
    outer = folder.with_name(".train-archives")
    shutil.rmtree(outer, ignore_errors=True)
    progress(f"unpacking {TRAINING}", 0.0)
    folder.mkdir(exist_ok=True)
    try:
        unpack(archives / TRAINING, outer)
        inner = sorted(outer.iterdir())
        wrong = next((member.name for member in inner if not re.fullmatch(WNID + r"\.tar", member.name)), None)
        if wrong is not None or len(inner) != classes:
            raise UserError(
                f"{archives / TRAINING} must hold {classes} archives named by wnid, got {len(inner)}"
                f"{f', {wrong} among them' if wrong else ''}; fetch it again."
            )
        for count, member in enumerate(inner, 1):
            if member.stem not in there:
                _unpack_whole(member, folder / member.stem)
            member.unlink()  # so that both copies of a class are there for a moment only
            progress(f"unpacking {member.name}", count / classes)
    finally:
        shutil.rmtree(outer, ignore_errors=True)
    return Received(TRAINING, str(folder), sha256, checked=True, state="unpacked")


def _unpack_whole(archive: Path, folder: Path) -> None:
    """The folder appears when everything is in it."""
    part = folder.with_name(f".partial-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    unpack(archive, part)
    os.replace(part, folder)


def _validation(
    archives: Path, folder: Path, checksums: Mapping[str, str], classes: int, images: int, progress: Progress
) -> Received:
    if len(_class_folders(folder)) == classes:
        return Received(VALIDATION, str(folder), "", checked=False, state="there; `distort bench verify` counts it")
    wnids = _labels(archives, checksums, images, progress)
    if len(set(wnids)) != classes:
        raise UserError(
            f"The labels in {archives} must name {classes} classes, got {len(set(wnids))}; fetch them again."
        )
    sha256 = _checked(archives / VALIDATION, checksums[VALIDATION], progress)
    part = folder.with_name(".partial-val")
    shutil.rmtree(part, ignore_errors=True)
    try:
        progress(f"unpacking {VALIDATION}", 0.0)
        unpack(archives / VALIDATION, part)
        for wnid in sorted(set(wnids)):
            (part / wnid).mkdir()
        for number, wnid in enumerate(wnids, 1):
            name = _image_name(number)
            if not (part / name).is_file():
                raise UserError(f"{archives / VALIDATION} must hold {name}, but does not; fetch it again.")
            os.replace(part / name, part / wnid / name)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Received(VALIDATION, str(folder), sha256, checked=True, state="unpacked and sorted")


def _image_name(number: int) -> str:
    return f"ILSVRC2012_val_{number:08d}.JPEG"


def _labels(archives: Path, checksums: Mapping[str, str], images: int, progress: Progress) -> Sequence[str]:
    """The wnid of every validation image, in the order of their numbers."""
    if (archives / KIT).exists():
        _checked(archives / KIT, checksums[KIT], progress)
        return _from_kit(archives / KIT, images)
    if (archives / SOLUTION).exists():
        return _from_solution(archives / SOLUTION, images)
    raise UserError(
        f"{archives} must hold {KIT} or {SOLUTION}, which say what the validation images show, but holds neither; "
        "fetch one of them."
    )


def _from_kit(archive: Path, images: int) -> Sequence[str]:
    folder = archive.with_name(f".{archive.name}.unpacked")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        unpack(archive, folder)
        inside = folder / archive.name.removesuffix(".tar.gz")
        # The kit's checksum has agreed: the table is what its authors wrote.
        synsets = loadmat(inside / _TABLE, squeeze_me=True)["synsets"]
        wnid_of = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets}
        numbers = [int(line) for line in read_text(inside / _TRUTH, MOST_BYTES).split()]
        if len(numbers) != images:
            raise UserError(f"{archive} must label {images} images, got {len(numbers)}; fetch it again.")
        return [wnid_of[number] for number in numbers]
    except (KeyError, ValueError, OSError) as error:
        if isinstance(error, UserError):
            raise
        raise BadArchive(f"{archive} must hold {_TABLE} and {_TRUTH}, but {error}; fetch it again.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _from_solution(file: Path, images: int) -> Sequence[str]:
    """Kaggle's table: `ImageId,PredictionString`, whose string begins with the wnid."""
    wnids: dict[str, str] = {}
    rows = csv.DictReader(read_regular(file, MOST_BYTES).decode("utf-8", "replace").splitlines())
    for row in rows:
        wnid = (row.get("PredictionString") or "").partition(" ")[0]
        if not re.fullmatch(WNID, wnid):
            raise UserError(f"{file} must name a wnid for every image, got {wnid[:40]!r}; fetch it again.")
        wnids[f"{row.get('ImageId')}.JPEG"] = wnid
    wanted = [_image_name(number) for number in range(1, images + 1)]
    if set(wnids) != set(wanted):
        raise UserError(f"{file} must label {images} images, got {len(wnids)}; fetch it again.")
    return [wnids[name] for name in wanted]


def _class_folders(folder: Path) -> tuple[str, ...]:
    return subfolders(folder, WNID) if folder.is_dir() else ()


def _checked(archive: Path, md5: str, progress: Progress) -> str:
    """The archive's SHA-256; it is not opened unless its MD5 is the published one."""
    progress(f"checking {archive.name}", 0.0)
    try:
        with open_regular(archive) as stream:
            size, done = max(1, os.fstat(stream.fileno()).st_size), 0
            published, own = hashlib.md5(), hashlib.sha256()
            while block := stream.read(1 << 22):
                published.update(block)
                own.update(block)
                done += len(block)
                progress(f"checking {archive.name}", done / size)
    except OSError as error:
        raise UserError(
            f"{archive} must be there, but {error.strerror}; `distort bench datasets` says where it is from."
        ) from error
    if published.hexdigest() != md5:
        raise UserError(f"{archive} must have the published md5 {md5}, got {published.hexdigest()}; fetch it again.")
    return own.hexdigest()
