"""Sizes of the networks that are published, as data: what `empirical.backbones.building` makes a network of.

A size knows the width of the features and the side of the images, so that plans and lists need no network.
"""

from typing import NamedTuple

#: A bottleneck's outputs over its inner width.
EXPANSION = 4
#: From the side of an image to that of the last feature map of CLIP's ResNet.
REDUCTION = 32
#: Channels of the blocks of the small network that comes with the package.
SMALL_WIDTHS = (24, 48, 96)


class ResNetSize(NamedTuple):
    """Blocks of each stage, channels of the first, and whether blocks are basic ones of two 3 x 3 convolutions."""

    depths: tuple[int, ...]
    width: int = 64
    basic: bool = False

    @property
    def feature_dim(self) -> int:
        """Channels of the last block."""
        return (1 if self.basic else EXPANSION) * (self.width << (len(self.depths) - 1))

    @property
    def side(self) -> None:
        """None: the mean over positions takes any side."""
        return None


class ClipResNetSize(NamedTuple):
    """Blocks of each stage, channels of the first, features, and the side of images in pixels."""

    depths: tuple[int, ...]
    width: int
    outputs: int
    side: int

    @property
    def feature_dim(self) -> int:
        """Number of outputs of the attention pool."""
        return self.outputs


class ClipVitSize(NamedTuple):
    """Sizes in pixels, channels and blocks."""

    side: int
    patch: int
    width: int
    depth: int
    outputs: int

    @property
    def feature_dim(self) -> int:
        """Width of the projection's outputs."""
        return self.outputs


class VitSize(NamedTuple):
    """Sizes in pixels, channels and blocks, and what differs between families.

    Attributes:
      layer_scale: blocks scale what they add.
      half: images in [0, 1] are standardised by the network with mean and deviation 0.5, as timm's `augreg` weights
        want it; else they come standardised by the data set's pipeline.
    """

    side: int
    patch: int
    width: int
    depth: int
    layer_scale: bool = False
    half: bool = False

    @property
    def feature_dim(self) -> int:
        """Width of a token."""
        return self.width


class ConvNextSize(NamedTuple):
    """Blocks and channels of each stage."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]

    @property
    def feature_dim(self) -> int:
        """Channels of the last stage."""
        return self.widths[-1]

    @property
    def side(self) -> None:
        """None: the mean over positions takes any side."""
        return None


class TextSize(NamedTuple):
    """Numbers of tokens known, of tokens in a text, of channels, of blocks and of features."""

    vocabulary: int
    context: int
    width: int
    depth: int
    outputs: int


#: Of an image network.
Size = ResNetSize | ClipResNetSize | ClipVitSize | VitSize | ConvNextSize

RESNET18, RESNET34 = ResNetSize((2, 2, 2, 2), basic=True), ResNetSize((3, 4, 6, 3), basic=True)
RESNET50 = ResNetSize((3, 4, 6, 3))
RESNET101, RESNET152 = ResNetSize((3, 4, 23, 3)), ResNetSize((3, 8, 36, 3))
CLIP_RN50 = ClipResNetSize(RESNET50.depths, width=64, outputs=1024, side=224)
VIT_B16 = ClipVitSize(224, 16, 768, 12, 512)
VIT_B32 = ClipVitSize(224, 32, 768, 12, 512)
VIT_L14 = ClipVitSize(224, 14, 1024, 24, 768)
CONVNEXT_TINY = ConvNextSize((3, 3, 9, 3), (96, 192, 384, 768))
CONVNEXT_SMALL = ConvNextSize((3, 3, 27, 3), (96, 192, 384, 768))
CONVNEXT_BASE = ConvNextSize((3, 3, 27, 3), (128, 256, 512, 1024))
CONVNEXT_LARGE = ConvNextSize((3, 3, 27, 3), (192, 384, 768, 1536))
TEXT_512 = TextSize(49408, 77, 512, 12, 512)  # beside ViT-B
TEXT_768 = TextSize(49408, 77, 768, 12, 768)  # beside ViT-L/14
TEXT_RN50 = TextSize(49408, 77, 512, 12, 1024)
