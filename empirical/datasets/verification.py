"""What is there, what is wrong, and how to mend it: a fault in one set keeps no other from being looked at."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from artifacts import UserError
from artifacts.files import digest_of
from artifacts.progress import Progress
from empirical.datasets.counts import difference
from empirical.datasets.family import Content, Family, Part
from empirical.datasets.image_sets import ImageFiles, Images, ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import read_marker, required_size
from empirical.datasets.sources import Source

Status = Literal["ok", "wrong", "note"]
# Enough to see what kind of damage it is.
SHOWN = 5
# The means are exact in binary; the deviations were printed by single steps of rounding.
MEAN_ATOL, DEVIATION_ATOL = 1e-9, 1e-6


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; `note` is worth knowing and no fault."""

    dataset: str
    set: str
    check: str
    status: Status
    detail: str
    mend: str = ""


def verify(
    family: Family, locations: Locations, *, images: bool, progress: Progress, checked: set[str] | None = None
) -> list[Finding]:
    """Layout, counts and checksums of every set of a family, and with `images` every image decoded.

    Args:
      checked: images that are known to be whole already, and need no second look; those found whole are added.
    """
    checked = set() if checked is None else checked
    findings: list[Finding] = []
    for part in family.parts:
        findings.extend(_part(family, part, locations, images=images, progress=progress, checked=checked))
    sources = {part.source.name: part.source for part in family.parts if part.source}
    for name in sorted(sources):
        findings.extend(_checksums(family.name, sources[name], locations))
    return findings


def _part(
    family: Family, part: Part, locations: Locations, *, images: bool, progress: Progress, checked: set[str]
) -> Iterator[Finding]:
    def finding(check: str, status: Status, detail: str, mend: str = "") -> Finding:
        return Finding(family.name, part.name, check, status, detail, mend)

    progress(f"{family.name}: {part.name}", 0.0)
    try:
        image_set = part.index(locations)
        folder = locations.folder(part.source) if part.source else None
        size = part.size if folder is None else required_size(folder, f"{family.name}/{part.name}", part.size)
    except UserError as error:
        detail, _, mend = str(error).rpartition("; ")
        yield finding("layout", "wrong", detail or mend, mend if detail else "")
        return
    except OSError as error:
        yield finding("layout", "wrong", str(error), "check permissions and the disk")
        return
    wrong = difference(image_set, size, part.classes)
    marked = " (miniature)" if folder is not None and read_marker(folder) is not None else ""
    if wrong and size.confirmed:
        yield finding(
            "count", "wrong", wrong, "unpack its archive again; `distort bench datasets` says where it is from"
        )
    elif wrong:
        yield finding("count", "note", f"{wrong}; the number to compare with is unconfirmed")
    else:
        yield finding("count", "ok", f"{len(image_set)} images{marked}")
    if part.content is not None and folder is not None and read_marker(folder) is None and not wrong:
        yield _content(image_set, part.content, finding)
    if images:
        damage = list(_damage(image_set.images, checked, lambda done: progress(f"{family.name}: {part.name}", done)))
        for message in damage[:SHOWN]:
            detail, _, mend = message.rpartition("; ")
            yield finding("images", "wrong", detail or message, mend)
        if len(damage) > SHOWN:
            yield finding("images", "wrong", f"{len(damage)} damaged images in all", "unpack its archive again")
        if not damage:
            yield finding("images", "ok", "every image can be read")


def _content(image_set: ImageSet, content: Content, finding: Callable[..., Finding]) -> Finding:
    """The pixels' own statistics against the published ones: whatever form they lie in."""
    count, total, squares = 0, np.zeros(3, np.int64), np.zeros(3, np.int64)
    for start in range(0, len(image_set), 1000):
        pixels = image_set.images.gather(np.arange(start, min(start + 1000, len(image_set)))).astype(np.int64)
        count += pixels.shape[0] * pixels.shape[1] * pixels.shape[2]
        total += pixels.sum((0, 1, 2))
        squares += (pixels**2).sum((0, 1, 2))
    means = total / count
    deviations = np.sqrt(squares / count - means**2)
    agree = np.allclose(means, content.means, rtol=0, atol=MEAN_ATOL)
    agree = agree and np.allclose(deviations, content.deviations, rtol=0, atol=DEVIATION_ATOL)
    if agree:
        return finding("content", "ok", "means and deviations of the pixels are the published ones")
    shown = ", ".join(f"{mean:.3f}" for mean in means)
    wanted = ", ".join(f"{mean:.3f}" for mean in content.means)
    detail = f"its channels must have means {wanted}, got {shown}"
    if np.allclose(means, content.means, rtol=0, atol=MEAN_ATOL):
        detail = "the means of its channels are the published ones, the deviations are not"
    return finding("content", "wrong", detail, "fetch the archive again")


def _damage(images: Images, checked: set[str], progress: Callable[[float], None]) -> Iterator[str]:
    """Messages about the images that cannot be read."""
    if not isinstance(images, ImageFiles):
        return  # rows of an array: counts and checksums have said all there is to say
    waiting = [index for index in range(len(images)) if images.reference(index) not in checked]

    def message(index: int) -> str:
        try:
            images[index]
        except UserError as error:
            return str(error)
        checked.add(images.reference(index))
        return ""

    # In blocks: the results of a million images need not wait in memory together.
    block = 2048
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(waiting), block):
            yield from filter(None, pool.map(message, waiting[start : start + block]))
            progress(min(1.0, (start + block) / len(waiting)))


def _checksums(family: str, source: Source, locations: Locations) -> Iterator[Finding]:
    """Published checksums of the files that are there; miniatures have none."""
    try:
        folder = locations.folder(source)
        if read_marker(folder) is not None:
            return
    except UserError:
        return  # said already, by the sets that need the folder
    published = [("md5", path, value) for path, value in source.md5.items()]
    published += [("sha256", path, value) for path, value in source.sha256.items()]
    present = [(kind, path, value) for kind, path, value in published if (folder / path).is_file()]
    wrong = [path for kind, path, value in present if digest_of(folder / path, kind) != value]
    for path in wrong:
        detail = f"{folder / path} differs from what was published"
        yield Finding(family, source.name, "checksum", "wrong", detail, "fetch it again")
    if present and not wrong:
        yield Finding(family, source.name, "checksum", "ok", f"{len(present)} published checksums agree")
