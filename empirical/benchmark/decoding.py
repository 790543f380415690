"""When packing a large data set pays, as far as a plan tells: what it takes to decode its images, packed or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from empirical.benchmark.cost import Share
from empirical.benchmark.ledger import Ledger
from empirical.benchmark.set_sizes import set_sizes
from empirical.datasets.catalogue import family
from empirical.datasets.locations import is_packed

#: Photographs of 500 x 375 a second of one core, as JPEGs: fed to a training step from files and from a store, and
#: packed as they came (`benchmarks/results/feeding.json`, `benchmarks/results/data_loading.json`).
FROM_FILES, FROM_STORE, PACKING = 413, 812, 983
#: Training images from which a set counts as large; Entity-30 has 154,263, ImageNet 1,281,167.
LARGE = 100_000


@dataclass(frozen=True, kw_only=True)
class DecodingTime:
    """What missing runs read of one data set, in hours of a core.

    Attributes:
      images: that are read, each as often as it is.
      from_files, from_store: hours to decode them.
      packing: hours to pack the set once.
    """

    dataset: str
    images: int
    from_files: float
    from_store: float
    packing: float


def decoding_times(ledger: Ledger, parts: Sequence[Share]) -> list[DecodingTime]:
    """Of every large data set that is not packed and that missing runs read."""
    store = ledger.workspace.data.locations.store
    images: dict[str, int] = {}
    kept: dict[str, int] = {}
    for recipe in ledger.suite.recipes:
        sizes = set_sizes(ledger, recipe)
        packed = store is not None and is_packed(store, recipe.family)
        drawn = family(recipe.family, ledger.workspace.data.families).pooled
        if sizes is None or sizes.training < LARGE or packed or drawn:
            continue
        efforts = [part.effort for part in parts if part.recipe == recipe.name and part.effort is not None]
        read = sum(effort.trained + effort.head_trained + effort.passed for effort in efforts)
        images[recipe.family] = images.get(recipe.family, 0) + read
        kept[recipe.family] = max(kept.get(recipe.family, 0), sizes.training + sizes.judged)
    return [
        DecodingTime(
            dataset=name,
            images=read,
            from_files=read / FROM_FILES / 3600,
            from_store=read / FROM_STORE / 3600,
            packing=kept[name] / PACKING / 3600,
        )
        for name, read in images.items()
        if read
    ]
