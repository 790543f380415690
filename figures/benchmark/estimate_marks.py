"""How a measurement is drawn, in every figure alike: the mean as the method's mark, its interval, its single seeds."""

from matplotlib.axes import Axes

from figures.benchmark.seed_estimate import SeedEstimate
from figures.look import style

#: Single seeds stand this far beside the mean, where groups are 1 apart.
ASIDE = 0.07


def upright(
    axis: Axes,
    x: float,
    measured: SeedEstimate,
    method: str,
    *,
    label: bool = False,
    open: bool = False,
    seeds: bool = True,
) -> None:
    """A measurement in percent at a place along x; single seeds stand beside it where places are 1 apart.

    Args:
      measured: in [0, 1]; drawn in percent.
      label: whether the method's name goes into the legend.
      open: a mark without filling.
      seeds: whether single seeds are drawn.
    """
    if seeds:
        single = [100 * seed for seed in measured.per_seed]
        axis.plot([x + ASIDE] * len(single), single, ".", color=style.COLOURS[method], markersize=3, alpha=0.55)
    axis.errorbar(
        x,
        100 * measured.mean,
        yerr=None if measured.ci90 is None else 100 * measured.ci90,
        elinewidth=1.2,
        capsize=2,
        **style.mark(method, open=open, label=style.LABELS[method] if label else None),
    )


def lying(
    axis: Axes, y: float, measured: SeedEstimate, method: str, *, label: bool = False, open: bool = False
) -> None:
    """A measurement in percent at a place along y, which grows downwards.

    Args:
      measured: in [0, 1]; drawn in percent.
      label: whether the method's name goes into the legend.
      open: a mark without filling, and without single seeds.
    """
    if not open:
        seeds = [100 * seed for seed in measured.per_seed]
        axis.plot(seeds, [y + ASIDE] * len(seeds), ".", color=style.COLOURS[method], markersize=2.5, alpha=0.5)
    axis.errorbar(
        100 * measured.mean,
        y,
        xerr=None if measured.ci90 is None else 100 * measured.ci90,
        elinewidth=1.0,
        capsize=1.5,
        **style.mark(method, open=open, size=4.5, label=style.LABELS[method] if label else None),
    )
