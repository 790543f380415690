"""Functional Map of the World (WILDS, version 1.1): training in the Americas, OOD in Africa and Europe.

Splits are made here from the metadata's own columns and dates, and named by us. The WILDS package changed what it calls
`val` (ID images before version 1.2, OOD images since), so its names are never used. The paper's numbers are on images
before 2013, for the OOD regions too.
"""

from functools import partial
from typing import TYPE_CHECKING

from empirical.augment.transforms import Pipelines, Transform
from empirical.datasets.family import Column, Family, Part
from empirical.datasets.locations import Locations
from empirical.datasets.sizes import SetSize
from empirical.datasets.sources import GB, Source
from empirical.datasets.tables import class_names

if TYPE_CHECKING:
    from empirical.datasets.image_sets import ImageSet

CLASSES = class_names("fmow")
SOURCE = Source(
    name="fmow", title="Functional Map of the World (WILDS 1.1)", bytes_on_disk=55 * GB,
    folders=("fmow_v1.1",),
    licence="FMoW Challenge Public License",
    steps=(
        "Fetch the WILDS archive fmow_v1.1 (53,893,324,800 bytes, no checksum published) from "
        "https://worksheets.codalab.org/rest/bundles/0xaec91eb7c9d548ebb15e1b5e60f966ab/contents/blob/ "
        "(reported unreachable since spring 2026; ask the WILDS maintainers for a mirror).",
        "Unpack it to fmow_v1.1/ below the data root: images/rgb_img_<row>.png, rgb_metadata.csv and "
        "country_code_mapping.csv.",
    ),
)  # fmt: skip


def _index(name: str, split: str, region: str, locations: Locations) -> "ImageSet":
    from empirical.datasets.layouts.fmow import index

    return index(name, split, region, locations)


def _part(name: str, split: str, region: str, size: SetSize) -> Part:
    return Part(name=name, source=SOURCE, size=size, classes=len(CLASSES), index=partial(_index, name, split, region))


FMOW = Family(
    name="fmow",
    title="FMoW, Americas to Africa and Europe",
    classes=lambda locations: CLASSES,
    training=_part("id_training", "train", "Americas", SetSize(total=20_973, confirmed=False)),
    reported=_part("id_test", "val", "Americas", SetSize()),
    ood=(_part("africa", "val", "Africa", SetSize()), _part("europe", "val", "Europe", SetSize())),
    # Whether the paper's number is this mean or Africa alone is not stated; both are kept.
    # The whole ID-val split but Oceania's part of it; how many of the rest are Asia's is not published.
    reported_at_most=11_483 - 251,
    columns=(Column("fmow", "FMoW", "fmow", ("africa", "europe")),),
    pipelines={
        "fmow": Pipelines(
            training=Transform(crop="resize", deviation=(0.2289, 0.224, 0.225)),
            evaluation=Transform(crop="resize", deviation=(0.229, 0.224, 0.225)),
        )
    },
    order=50,
)
FAMILIES = (FMOW,)
