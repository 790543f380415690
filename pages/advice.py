"""How often advice was right, in the docs, from the record that comes with the package."""

from empirical.advice.measured_map import networks, points, right_when_looked_up
from empirical.advice.rule import FIRST
from empirical.advice.track_record import COMPARED, TrackRecord, kept_record
from pages.blocks import table


def advice_record() -> str:
    """The rule, the diagram and the three constant answers, by results and by regime."""
    record = kept_record()
    sources = list(dict.fromkeys(case.results for case in record.cases))
    parts = [(f"`{name}`", record.of(name)) for name in sources]
    parts += [(regime, record.among(regime)) for regime in FIRST if record.among(regime).cases]
    rows = [[name, *_counts(part, record)] for name, part in [*parts, ("all", record)]]
    header = ["results, regime", "sets", "rule right", "diagram right", *(f"always {method}" for method in COMPARED)]
    diagram = points(record)
    said = (
        f"The diagram has {len(diagram)} points of {networks(diagram)} networks; each set is read off points of other "
        "networks than its own."
    )
    return f"{table(header, rows, numbers_from=1)}\n\n{said}"


def _counts(part: TrackRecord, record: TrackRecord) -> list[str]:
    right, _ = right_when_looked_up(part.cases, points(record))
    return [str(number) for number in (len(part.cases), part.hits, right, *map(part.always, COMPARED))]
