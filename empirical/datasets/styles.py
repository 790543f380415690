"""How a stroke becomes a picture, as data: geometry, pen, paint; `empirical.datasets.rendering` draws.

A style gives every dial a range (low, high), drawn from uniformly, once for each image; strengths (texture, colour,
noise, wobble) stop at zero, so that a range reaching below zero leaves some images without the effect. The plain style
paints white on black and changes nothing else.
"""

from artifacts.frozen import Frozen

#: Of a picture in pixels.
SIDE = 32
#: Pictures that are drawn together, the last ones filled up: one compiled program draws any number.
TOGETHER = 256

Range = tuple[float, float]
NONE: Range = (0.0, 0.0)


class Style(Frozen):
    """What may happen to a stroke on its way to a picture; the defaults leave it plain."""

    shift: Range = NONE  # pixels, along each axis
    rotation: Range = NONE  # radians
    shear: Range = NONE
    zoom: Range = NONE  # relative, along each axis
    wobble: Range = NONE  # pixels, a smooth displacement like a hand's
    blur: Range = NONE  # 0 sharp, 1 two passes of a binomial filter
    weight: Range = NONE  # logarithm of an exponent: below 0 a fuller stroke, above 0 a thinner one
    contrast: Range = (1.0, 1.0)  # between ink and paper
    polarity: Range = (1.0, 1.0)  # of the whole picture about mid grey: 1 as painted, -1 inverted, 0 all grey
    colour: Range = NONE  # 0 grey, 1 as saturated as the palette goes
    texture: Range = NONE  # contrast of waves in the paper
    noise: Range = NONE  # standard deviation of pixel noise
    coarse: float = 0.0  # probability of being scanned to 8 x 8 cells and back
    inversion: float = 0.0  # probability of dark ink on light paper
    outline: float = 0.0  # probability of a hollow stroke: its contour alone
