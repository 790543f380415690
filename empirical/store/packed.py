"""A whole data set in stores: one for each of its sets, and the same view of it as of the files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from artifacts import UserError
from artifacts.files import write_text
from artifacts.frozen import Frozen
from artifacts.reading import read_regular
from empirical.datasets.family import Family
from empirical.datasets.file_digests import keep_in
from empirical.datasets.image_sets import Dataset, ImageSet
from empirical.datasets.locations import PACKED as CONTENT
from empirical.datasets.locations import Locations
from empirical.datasets.naming import Name
from empirical.datasets.protocols import PAPER, Protocol
from empirical.datasets.reading import read_part
from empirical.datasets.sizes import read_marker
from empirical.datasets.splitting import select
from empirical.store.form import CONTENT as STORE
from empirical.store.form import MOST_BYTES, Form, Store
from empirical.store.origin import other_versions
from empirical.store.packing import pack
from empirical.store.reading import open_store

#: Folder for digests of the files that were packed, so that the next call need not read them to find nothing to do.
DIGESTS = ".digests"
#: Small images of one shape are kept as pixels; the others as the JPEG bytes that they come in.
FORMS = {"cifar10": Form(codec="raw"), "fmow": Form(codec="raw")}
DEFAULT_FORM = Form(codec="jpeg")


class Packed(Frozen):
    """Which sets a packed data set has, in order; written when all of them are complete."""

    name: Name
    ood: tuple[Name, ...]
    validation: bool


def pack_family(
    family: Family, locations: Locations, folder: Path, *, form: Form | None = None, workers: int = 1,
    progress: Callable[[str, float], None],
) -> list[Store]:  # fmt: skip
    """Pack every set of a family below `folder`; sets that are packed already are left alone.

    The stores do not depend on a split protocol: it is chosen when they are read.

    Args:
      form: None: the family's usual one.
      workers: processes that decode.
      progress: told the set's name with what is being done, and the fraction of the set.
    """
    keep_in(folder / DIGESTS)
    locations = locations.model_copy(update={"store": None})  # what is packed are the files
    chosen = form or FORMS.get(family.name, DEFAULT_FORM)
    classes = family.classes(locations)
    # Gone until every store is complete again: a reader must not see new sets beside old ones.
    (folder / family.name / CONTENT).unlink(missing_ok=True)
    stores = []
    for part in family.parts:

        def report(message: str, fraction: float, name: str = part.name) -> None:
            progress(f"{name}: {message}", fraction)

        images = read_part(family, part, locations).renamed(part.name)
        miniature = part.source is not None and read_marker(locations.folder(part.source)) is not None
        packed = folder / family.name / part.name
        stores.append(
            pack(images, packed, chosen, classes=classes, miniature=miniature, workers=workers, progress=report)
        )
    ood = tuple(part.name for part in family.ood)
    content = Packed(name=family.name, ood=ood, validation=family.validation is not None)
    write_text(folder / family.name / CONTENT, content.model_dump_json(indent=1) + "\n")
    return stores


def other_versions_of(folder: Path, name: str) -> str:
    """The versions that differ from those that packed a data set, in one phrase; empty where none does."""
    stores = (open_store(content.parent).store for content in sorted((folder / name).glob(f"*/{STORE}")))
    return "; ".join(dict.fromkeys(said for store in stores if (said := other_versions(store))))


def packed_dataset(folder: Path, name: str, *, protocol: Protocol = PAPER, ood: Sequence[str] | None = None) -> Dataset:
    """A packed data set under a protocol: what `read_dataset` gives, from stores.

    Args:
      folder: below which the stores of all data sets lie.
      ood: names of OOD sets; None: all.
    Raises:
      UserError: it is not packed completely, or has no such OOD set.
    """
    path = folder / name / CONTENT
    try:
        content = Packed.model_validate_json(read_regular(path, MOST_BYTES))
    except (OSError, ValidationError) as error:
        raise UserError(
            f"{folder} must hold {name} packed completely, but does not; `distort bench pack {name}`."
        ) from error
    unknown = sorted(set(ood or ()) - set(content.ood))
    if unknown:
        raise UserError(f"`ood` must name sets of {name} ({', '.join(content.ood)}), got {', '.join(unknown)}.")

    def stored(part: str) -> ImageSet:
        return open_store(folder / name / part).image_set()

    training, reported = stored("id_training"), stored("id_test")
    store = open_store(folder / name / "id_training").store
    if content.validation:
        id_training, id_validation = training, stored("id_validation")
    else:
        id_training, id_validation = select(protocol, training, reported)
    return Dataset(
        name=name, classes=store.classes, protocol=protocol.name, miniature=store.miniature, id_training=id_training,
        id_validation=id_validation, id_test=reported,
        ood=tuple(stored(images) for images in content.ood if ood is None or images in ood),
    )  # fmt: skip
