"""BREEDS: images of some classes of ImageNet, labelled by their superclasses."""

from artifacts import UserError
from empirical.datasets.families.breeds import Side, breeds
from empirical.datasets.families.imagenet import IMAGENET_SOURCE
from empirical.datasets.image_sets import ImageSet
from empirical.datasets.layouts import imagenet
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import read_marker

# The published loader asks for at least 100 training images and exactly 50 for validation; no class of ImageNet has
# more than 1,300, so more of them is a folder into which something else was unpacked too.
TRAINING_IMAGES = (100, 1300)
VALIDATION_IMAGES = 50


def index(split: str, name: str, folder: str, side: Side, locations: Locations) -> ImageSet:
    """Images of `train` or `val` of one side's subclasses."""
    root = locations.folder(IMAGENET_SOURCE)
    labels = breeds(split).labels(side)
    images = imagenet.split(name, root, folder, labels)
    if read_marker(root) is None:
        _check_subclasses(images, str(root / folder), folder)
    return images


def _check_subclasses(images: ImageSet, where: str, folder: str) -> None:
    """Every subclass has as many images as the published loader demands, and no more than ImageNet has."""
    low, high = TRAINING_IMAGES if folder == "train" else (VALIDATION_IMAGES, VALIDATION_IMAGES)
    counts: dict[str, int] = {}
    for index in range(len(images)):
        wnid = images.images.reference(index).rsplit("/", 2)[-2]
        counts[wnid] = counts.get(wnid, 0) + 1
    for wnid, count in counts.items():
        if not low <= count <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            raise UserError(f"{where}/{wnid} must hold {wanted} images, got {count}; unpack its archive again.")
