"""How often advice was right, in the docs, from the record that comes with the package."""

from empirical.advice.measured_map import looked_up_score, networks, points
from empirical.advice.rule import FIRST
from empirical.advice.track_record import COMPARED, Score, TrackRecord, kept_record
from pages.blocks import table

#: The only results that were looked at before the rule was fixed.
FITTED = "embedded_first"


def advice_record() -> str:
    """The rule, the diagram and the three constant answers, by results and by regime."""
    record = kept_record()
    sources = list(dict.fromkeys(case.results for case in record.cases))
    parts = [(f"`{name}`", record.of(name)) for name in sources]
    parts += [(regime, record.among(regime)) for regime in FIRST if record.among(regime).cases]
    rows = [[name, *_counts(part, record)] for name, part in [*parts, *_sums(record)]]
    header = ["results, regime", "sets", "rule", "diagram", *(f"always {method}" for method in COMPARED)]
    diagram = points(record)
    said = (
        "Of every answer: on how many sets it was right, and in brackets by how many points the best of the three was "
        f"better on average. The diagram has {len(diagram)} points of {networks(diagram)} networks; each set is read "
        "off points of other networks than its own."
    )
    return f"{table(header, rows, numbers_from=1)}\n\n{said}"


def _sums(record: TrackRecord) -> list[tuple[str, TrackRecord]]:
    unseen = TrackRecord(cases=[case for case in record.cases if case.results != FITTED])
    return [(f"all but `{FITTED}`", unseen), ("all", record)]


def _counts(part: TrackRecord, record: TrackRecord) -> list[str]:
    looked_up = looked_up_score(part.cases, points(record))
    return [str(len(part.cases)), *map(_shown, (part.rule, looked_up, *map(part.always, COMPARED)))]


def _shown(score: Score) -> str:
    return f"{score.right} ({100 * score.lost:.1f})"
