"""How numbers are written: accuracies in percent, half widths of 90 % intervals after a plus-minus sign."""

from empirical.records import Estimate

INTERVALS = "Accuracies in percent; ± is half a 90 % interval by Student's t over seeds."
NOTHING = "-"


def percent(value: float | None, half_width: float | None = None) -> str:
    """An accuracy in [0, 1]."""
    if value is None:
        return NOTHING
    shown = f"{100 * value:.1f}"
    return shown if half_width is None else f"{shown} ± {100 * half_width:.1f}"


def estimated(measured: Estimate | None) -> str:
    """A mean over seeds with half its 90 % interval; a dash where there is none."""
    return NOTHING if measured is None else percent(measured.mean, measured.ci90)


def points(measured: Estimate) -> str:
    """A difference of accuracies in percentage points, with its sign and half its 90 % interval."""
    shown = f"{100 * measured.mean:+.1f}".replace("-", "−")
    return shown if measured.ci90 is None else f"{shown} ± {100 * measured.ci90:.1f}"


def difference(ours: float | None, theirs: float | None) -> str:
    """Ours less theirs in points, with its sign."""
    if ours is None or theirs is None:
        return NOTHING
    return f"{100 * (ours - theirs):+.1f}".replace("-", "−")


def rate(value: float | None) -> str:
    """A learning rate, as short as it can be written; a dash where there is none."""
    return NOTHING if value is None else f"{value:g}"
