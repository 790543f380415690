"""How often advice was right, in the docs, from the record that comes with the package."""

from empirical.advice.measured_map import is_graded, networks, right_when_left_out
from empirical.advice.rule import FIRST
from empirical.advice.track_record import COMPARED, TrackRecord, kept_record
from pages.blocks import table


def advice_record() -> str:
    """The rule and the three constant answers, by results and by regime; then the diagram."""
    record = kept_record()
    sources = list(dict.fromkeys(case.results for case in record.cases))
    parts = [
        (f"`{name}`", TrackRecord(cases=[case for case in record.cases if case.results == name])) for name in sources
    ]
    parts += [(regime, record.among(regime)) for regime in FIRST if record.among(regime).cases]
    rows = [[name, *_counts(part)] for name, part in [*parts, ("all", record)]]
    header = ["results, regime", "sets", "rule right", *(f"always {method}" for method in COMPARED)]
    right, counted = right_when_left_out(record)
    said = f"Read off networks other than its own, a point's best method was right on {right} of {counted} "
    said += f"(the record has {networks(record.cases)} networks)."
    if not is_graded(record):
        said += " The graded series of networks and shifts, which would fill the diagram, is not in the record yet."
    return f"{table(header, rows, numbers_from=1)}\n\n{said}"


def _counts(part: TrackRecord) -> list[str]:
    return [str(len(part.cases)), str(part.hits), *(str(part.always(method)) for method in COMPARED)]
