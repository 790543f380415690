"""What a store says about itself: how images were stored, and from what."""

from typing import Literal

from pydantic import Field, model_validator

from artifacts.frozen import Frozen
from empirical.datasets.naming import Name

CONTENT = "store.json"
MOST_BYTES = 64 << 20  # of a description; ImageNet's, in 313 shards, takes 0.2 MB
LABELS = "labels.npy"
FileName = Literal["pixels.bin", "images.bin", "offsets.npy", "extents.npy", "kept.npy"]
KEPT = "kept.npy"
PIXELS, JPEGS, OFFSETS, EXTENTS = "pixels.bin", "images.bin", "offsets.npy", "extents.npy"


class Form(Frozen):
    """How images are stored.

    `raw` keeps pixels (all images must then have one shape), `jpeg` keeps JPEG bytes; without a resize the bytes are
    those of the source wherever it is an RGB or grey JPEG, so nothing is lost; elsewhere `quality` and `subsampling`
    (photographs mostly come with 4:2:0, which is read half as fast again as 4:4:4) say how they are encoded.

    `resize` "short_side" brings the shorter side to `side` pixels, "square" both sides. A resize before the random
    crop changes the crops' distribution: a crop that is smaller than the output is then enlarged from fewer pixels
    than the source had. Larger sides change it less; `None` does not change it at all.
    """

    codec: Literal["raw", "jpeg"]
    resize: Literal["short_side", "square"] | None = None
    side: int | None = Field(default=None, ge=1)
    kernel: Literal["bilinear", "bicubic"] = "bicubic"
    quality: int = Field(default=95, ge=1, le=100)
    subsampling: Literal["4:4:4", "4:2:0"] = "4:2:0"

    @model_validator(mode="after")
    def _consistent(self) -> "Form":
        if (self.resize is None) != (self.side is None):
            raise ValueError("`side` must be given with `resize`, and only then")
        if self.codec == "raw" and self.resize == "short_side":
            raise ValueError(
                "`raw` must hold images of one shape, which `short_side` does not give; use `square` or jpeg"
            )
        return self

    @property
    def note(self) -> str:
        """What the form does to crops, for a report."""
        if self.resize is None:
            return "stored as they were: crops are those of the source"
        return f"resized to {self.side} ({self.resize}, {self.kernel}) before cropping: small crops have less detail"


class Shard(Frozen):
    """A part of a store: how many images, and the size in bytes and SHA-256 of each of its files."""

    name: str = Field(pattern=r"^shard-\d{5,9}$")
    images: int = Field(ge=1)
    sizes: dict[FileName, int]
    sha256: dict[FileName, str]


class Store(Frozen):
    """A whole store. It is written last, so a folder with this file is complete.

    `source` is the fingerprint of the image set that was packed, over contents and labels; `shape` is (height, width)
    of a raw store; `valid_labels` are the classes that predictions are restricted to; `code` and `versions` are
    those of what packed it, empty in stores of older versions.
    """

    layout: Literal[1] = 1
    name: Name
    source: str
    form: Form
    images: int
    shape: tuple[int, int] | None
    classes: tuple[str, ...]
    valid_labels: tuple[int, ...] | None
    miniature: bool
    labels_sha256: str
    code: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    shards: tuple[Shard, ...]
