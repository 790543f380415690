"""What an experiment is configured with: every value is checked when it is set, in the words of its field."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, get_args

from pydantic import model_validator

from artifacts.frozen import Frozen
from theory.arguments import RIGHT_ANGLE, check_range

_ANGLE = (0.0, RIGHT_ANGLE)
_FEATURE_ERROR = (0.0, math.sqrt(2))
_SIZE = (0.0, math.inf)
#: Ends of the range of each field of this name, in whatever configuration; what has none must be finite.
RANGES: Mapping[str, tuple[float, float]] = {
    "angle": _ANGLE,
    "angles": _ANGLE,
    "condition": (1.0, math.inf),
    "example_share": (0.0, 1.0),
    "feature_error": _FEATURE_ERROR,
    "feature_errors": _FEATURE_ERROR,
    "feature_share": (0.0, 1.0),
    "head_errors": _SIZE,
    "head_scale": _SIZE,
    "head_scales": _SIZE,
    "label_noise": _SIZE,
    "label_noises": _SIZE,
    "noise": _SIZE,
    "swept_feature_share": (0.0, 1.0),
    "swept_shares": (0.0, 1.0),
    "truth_norm": _SIZE,
    "truth_norms": _SIZE,
}
#: Fields that must exceed 0: they are spaced in logarithm, or divide.
POSITIVE = frozenset({"first_time", "largest", "last_time", "learning_rate", "smallest"})
#: Numbers of things are at least 1; these differ.
LEAST: Mapping[str, float] = {"moments": 3.0, "seed": 0.0}
#: Fields that span a range between them.
SPANS = (("smallest", "largest"), ("first_time", "last_time"))
EVERYTHING = (-math.inf, math.inf)


class Configuration(Frozen):
    """The base of every experiment's configuration.

    `ranges`: those of fields that mean something else in this configuration than elsewhere.
    """

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({})

    @model_validator(mode="after")
    def _in_range(self) -> "Configuration":
        for name, field in type(self).model_fields.items():
            _check(name, getattr(self, name), self.ranges, is_span=get_args(field.annotation) == (float, float))
        for low, high in SPANS:
            if hasattr(self, low) and not getattr(self, low) < getattr(self, high):
                came = f"got {getattr(self, low):g} and {getattr(self, high):g}"
                raise ValueError(f"`{low}` must be below `{high}`, {came}.")
        return self


def _check(name: str, value: Any, own: Mapping[str, tuple[float, float]], *, is_span: bool) -> None:
    values: tuple[Any, ...] = value if isinstance(value, tuple) else (value,)
    if not values:
        raise ValueError(f"`{name}` must have at least one value, got none.")
    if is_span and not values[0] < values[1]:
        raise ValueError(f"`{name}` must ascend, got {values[0]:g} and {values[1]:g}.")
    for number in values:
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if isinstance(number, int) and name not in own:
            check_range(name, number, LEAST.get(name, 1.0))
        else:
            low, high = _SIZE if name in POSITIVE else own.get(name, RANGES.get(name, EVERYTHING))
            # A range of angles is spaced evenly, others in logarithm.
            check_range(name, number, low, high, above=name in POSITIVE or (is_span and name != "angles"))
