"""A data set's pipelines for training and for evaluation, as data; `empirical.augment.applying` applies them.

Source: docs/protocol.md, sections 3.2 and 3.3. CLIP normalises inside the model, so DomainNet and ImageNet have no
normalisation here. BREEDS and CIFAR use the paper's 0.228 for the first deviation, where 0.229 is standard.
"""

from typing import Literal

from artifacts.frozen import Frozen

#: How a pixel of a resized picture is made from those of the crop.
Kernel = Literal["bilinear", "bicubic"]
Colour = tuple[float, float, float]
MEAN: Colour = (0.485, 0.456, 0.406)
STANDARD: Colour = (0.229, 0.224, 0.225)
#: The paper's, for BREEDS and CIFAR.
SWAV: Colour = (0.228, 0.224, 0.225)


class Transform(Frozen):
    """From an image of any shape to a square of floats.

    `resized` is the side before a crop; a missing `deviation` means values in [0, 1].
    """

    crop: Literal["random_resized_crop", "resize_random_crop", "resize_centre_crop", "resize"]
    side: int = 224
    resized: int | None = None
    kernel: Kernel = "bilinear"
    flip: bool = False
    deviation: Colour | None = None

    @property
    def draws(self) -> bool:
        """Whether anything is random: where nothing is, an image may be transformed once and kept."""
        return self.flip or self.crop in ("random_resized_crop", "resize_random_crop")

    @property
    def keeps_its_side(self) -> bool:
        """Whether an image of `side` by `side` pixels stays as it is, but for the scale of its values."""
        whole = self.crop == "resize" or (self.crop == "resize_centre_crop" and self.resized in (None, self.side))
        return whole and not self.flip

    def at_side(self, side: int) -> "Transform":
        """The same pipeline for smaller or larger images, the side before the crop in proportion."""
        resized = None if self.resized is None else max(side, round(self.resized * side / self.side))
        return self.model_copy(update={"side": side, "resized": resized})


class Pipelines(Frozen):
    """What a data set's images go through; OOD images go through `evaluation` as ID test images do."""

    training: Transform
    evaluation: Transform

    def under(self, protocol: str) -> "Pipelines":
        """As the paper has it, or, under any other protocol, with the standard deviation 0.229 everywhere."""
        if protocol == "paper":
            return self
        return Pipelines(training=_standardised(self.training), evaluation=_standardised(self.evaluation))

    def at_side(self, side: int) -> "Pipelines":
        """The same pipelines for smaller or larger images; sides before a crop change in proportion."""
        return Pipelines(training=self.training.at_side(side), evaluation=self.evaluation.at_side(side))


def _standardised(transform: Transform) -> Transform:
    return transform if transform.deviation is None else transform.model_copy(update={"deviation": STANDARD})


#: For a user's own photographs, where nothing else is asked for.
OWN = Pipelines(
    training=Transform(crop="random_resized_crop", flip=True, deviation=STANDARD),
    evaluation=Transform(crop="resize_centre_crop", resized=256, deviation=STANDARD),
)
