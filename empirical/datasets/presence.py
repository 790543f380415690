"""Whether the folders of a data set are there; no image is looked at."""

from empirical.datasets.family import Family, Part
from empirical.datasets.locations import Locations


def check_folder(family: Family, part: Part, locations: Locations) -> None:
    """Refuse a set whose folder is not there; what comes with a package always is.

    Raises:
      UserError: where the folder was looked for, and how to mend it.
    """
    if part.source is not None:
        locations.folder(part.source)
    elif not family.pooled:  # a user's own: the classes are those of the training folder
        family.classes(locations)
