"""The 2 x 2 of method and norm mode: is it LP-FT that helps, or freezing the statistics of the normalisation layers?

The paper trains FT with batch statistics and LP-FT with frozen ones, so that its comparison changes two things at once.
Here both are trained both ways; full marks are the paper's corners, open ones the others. Lines join a method's two
modes: where they are flat the mode does not matter; the distance between the lines is what the method does. The dashed
line is linear probing. Bars are 90 % intervals over seeds (Student's t). The mode also decides which grid of learning
rates was searched.
"""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from empirical.records import BenchmarkRow
from figures.benchmark import estimate_marks
from figures.benchmark.dataset_panels import pairs_for
from figures.benchmark.reading import ROWS, load_benchmark, measured_datasets, paper_rows, title
from figures.benchmark.seed_estimate import SeedEstimate
from figures.catalogue import FigureDeclaration
from figures.look import style
from figures.missing import not_measured

FIGURE = FigureDeclaration(title="The 2 x 2 of method and norm mode", sources=("benchmark",), order=280)

MODES = ("train", "eval")
MODE_LABELS = ("batch\nstatistics", "frozen\nstatistics")
#: Methods stand this far beside each other within a mode.
ASIDE = 0.06


@dataclass(frozen=True)
class TwoByTwo:
    """One data set: accuracies (ID, OOD) by method and norm mode, and of linear probing."""

    title: str
    corners: dict[tuple[str, str], tuple[SeedEstimate, SeedEstimate]]
    probed: tuple[SeedEstimate, SeedEstimate] | None


def collect(results: Path | str) -> tuple[TwoByTwo, ...]:
    """Data sets on which FT and LP-FT were trained in both modes."""
    benchmark = load_benchmark(results)
    data = []
    for name in measured_datasets(benchmark):
        rows = [row for row in benchmark.rows if row.dataset == name]
        corners = {
            (method, mode): _sides(row)
            for method in ("fine_tuning", "lp_ft")
            for mode in MODES
            for row in rows
            if (row.method, row.norm_mode) == (ROWS[method][0], mode)
        }
        probed = paper_rows(benchmark, name).get("linear_probing")
        if len(corners) == 4:
            data.append(TwoByTwo(title(benchmark, name), corners, _sides(probed) if probed else None))
    if not data:
        raise not_measured(
            benchmark,
            "FT and LP-FT in both norm modes",
            entry='`[[recipes.NAME.methods]]` with `"FT (eval)"` and `"LP-FT (train)"` beside `"FT"` and `"LP-FT"`',
        )
    return tuple(data)


def _sides(row: BenchmarkRow) -> tuple[SeedEstimate, SeedEstimate]:
    return SeedEstimate.in_distribution(row), SeedEstimate.out_of_distribution(row)


@style.styled
def draw(data: tuple[TwoByTwo, ...]) -> Figure:
    """The two modes across, accuracy up."""
    figure, pairs = pairs_for([of_dataset.title for of_dataset in data], x="norm mode in training", height=2.6)
    for of_dataset, pair in zip(data, pairs, strict=True):
        for side, axis in enumerate(pair):
            _draw_side(axis, of_dataset, side)
    style.legend_below(figure, [axis for pair in pairs for axis in pair])
    return figure


def _draw_side(axis: Axes, data: TwoByTwo, side: int) -> None:
    if data.probed:
        axis.axhline(100 * data.probed[side].mean, **style.line("linear_probing"))
    for aside, method in ((-ASIDE, "fine_tuning"), (ASIDE, "lp_ft")):
        estimates = [data.corners[method, mode][side] for mode in MODES]
        places = [position + aside for position in range(2)]
        means = [100 * estimate.mean for estimate in estimates]
        axis.plot(places, means, color=style.COLOURS[method], linestyle=style.DASHES[method], linewidth=1.2)
        for position, mode, estimate in zip(places, MODES, estimates, strict=True):
            own = ROWS[method][1] == mode
            estimate_marks.upright(axis, position, estimate, method, label=own, open=not own)
    axis.set_xticks(range(2), MODE_LABELS)
    axis.set_xlim(-0.4, 1.4)
    axis.set_ylim(bottom=max(0.0, axis.get_ylim()[0]))
    axis.grid(visible=False, axis="x")
