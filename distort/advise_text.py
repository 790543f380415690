"""What `distort advise` says: premises, advice, where a set stands in the measured diagram, how often all was right."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from distort.command import Answer, note, table

if TYPE_CHECKING:
    from empirical.advice.confirming import Confirmation
    from empirical.advice.measured_map import Region
    from empirical.advice.premises import Premises
    from empirical.advice.rule import Advice
    from empirical.advice.track_record import TrackRecord

UNKNOWN = (
    "Without OOD images it cannot be known whether the ID head carries over, how far OOD features lie from ID ones, or "
    "how good they are there: so neither which regime this is, nor what to try first. Pictures of the shift, even a "
    "hundred with labels, would say."
)


@dataclass(frozen=True)
class Advised:
    """What was measured and advised, how sure that is, and what short training found, where it was asked for.

    Attributes:
      premises: by data set.
      advice, regions: by OOD set; a region is that of the measured phase diagram.
      cases, hits: on how many sets the rule was held against results, and right.
    """

    premises: list["Premises"]
    advice: list["Advice"]
    regions: list["Region"]
    confirmations: list["Confirmation"]
    cases: int
    hits: int


def answer(premises: list["Premises"], confirmations: list["Confirmation"]) -> Answer:
    """For every OOD set: premises, advice with its reason, how sure it is, and its region of the diagram."""
    from empirical.advice.measured_map import points, region
    from empirical.advice.rule import advise
    from empirical.advice.track_record import kept_record

    record = kept_record()
    sets = [(measured, ood) for measured in premises for ood in measured.sets]
    advice = [advise(measured.dataset, ood, measured.id_accuracy) for measured, ood in sets]
    diagram = points(record)
    regions = [
        region(diagram, energy_ratio=ood.energy_ratio, gap=ood.gap, shared_ratio=ood.shared_ratio(measured.id_accuracy))
        for measured, ood in sets
    ]
    rows = [
        (measured.dataset, ood.name, *(f"{100 * value:.1f}" for value in (measured.id_accuracy, ood.probe_accuracy,
         ood.shared_accuracy, ood.gap)), f"{100 * ood.energy_outside:.1f} ({100 * ood.id_energy_outside:.1f})",
         _short(ood.on_cosine), _short(ood.feature_error), _short(measured.truth_norm), _short(ood.probing_bound))
        for measured, ood in sets
    ]  # fmt: skip
    header = (
        "data set",
        "OOD set",
        "LP, ID",
        "LP, OOD",
        "shared head",
        "gap",
        "outside (ID)",
        "c_S",
        "eps",
        "W",
        "bound / W",
    )
    lines = list[str]()
    for piece, near in zip(advice, regions, strict=True):
        lines += [
            f"{piece.set}: {piece.regime}. Try {piece.first} first.",
            f"  Why: {piece.why}.",
            f"  {_sure(record, piece)}",
            *([] if near is None else [f"  {_nearby(near)}"]),
            "",
        ]
    lines += [*_map(record), ""]
    lines += [_confirmed(confirmation) for confirmation in confirmations]
    if not confirmations:
        lines.append("--confirm trains FT and LP-FT for a few epochs and says which is ahead.")
    known = [near for near in regions if near is not None]
    document = Advised(premises, advice, known, confirmations, len(record.cases), record.rule.right)
    return Answer(document, "\n".join([table(header, rows), "", *map(note, lines)]).rstrip())


def without_ood(premises: list["Premises"]) -> Answer:
    """What is known of ID images alone, and what is not."""
    lines = [
        f"{measured.dataset}: LP reads {100 * measured.id_accuracy:.1f} % of ID test images." for measured in premises
    ]
    bare = [measured.model_copy(update={"sets": [], "truth_norm": None}) for measured in premises]
    return Answer(Advised(bare, [], [], [], 0, 0), "\n".join(map(note, [*lines, UNKNOWN])))


def _sure(record: "TrackRecord", advice: "Advice") -> str:
    here = record.among(advice.regime)
    if not here.cases:
        return "How sure: no set of this regime was measured yet."
    most, method = max((here.always(method).right, method) for method in here.cases[0].accuracies)
    against = f" {method} was so on {most}: the record speaks for it and against the rule."
    return (
        f"How sure: in this regime it was the best of LP, FT and LP-FT, or within a point of it, on {here.rule.right} "
        f"of {here.rule.sets} sets measured, and lost {100 * here.rule.lost:.1f} points to the best on average."
        f"{against if most > here.rule.right else ''}"
    )


def _confirmed(confirmation: "Confirmation") -> str:
    shown = ", ".join(f"{method} {100 * accuracy:.1f}" for method, accuracy in confirmation.accuracies.items())
    seeds = "1 seed" if confirmation.seeds == 1 else f"{confirmation.seeds} seeds"
    lead = (
        f"{confirmation.best} leads {confirmation.second} by "
        f"{100 * confirmation.ahead:.1f} ± {100 * confirmation.half_width:.1f} points"
    )
    verdict = "decided" if confirmation.decided else "not decided: they cannot be told apart with this little training"
    return (
        f"Confirmed on {confirmation.dataset} ({confirmation.epochs} epochs, {seeds}; OOD): {shown}. {lead}: {verdict}."
    )


def _nearby(near: "Region") -> str:
    """Which region of the measured phase diagram a set lies in."""
    from empirical.advice.measured_map import networks

    count = len(near.near)
    best = ", ".join(f"{method} {number}" for method, number in near.within_margin.items())
    beyond = f" It lies beyond all of them in {' and '.join(near.outside)}: do not count on it." if near.outside else ""
    return (
        f"Measured phase diagram: {near.name} (LP less FT {100 * near.lead:+.1f} points on average over the {count} "
        f"nearest points of {networks(near.near)} networks, from {100 * near.lowest_lead:+.1f} to "
        f"{100 * near.highest_lead:+.1f}; the best of the three or within a point of it: {best}; best on average: "
        f"{near.first}).{beyond}"
    )


def _map(record: "TrackRecord") -> list[str]:
    """What the diagram consists of, and how often it was right about networks that were left out of it."""
    from empirical.advice.measured_map import looked_up_score, networks, points
    from empirical.advice.track_record import COMPARED

    diagram = points(record)
    if not diagram:
        return ["Measured phase diagram: nothing was measured yet."]
    return [
        f"The diagram has {len(diagram)} points of {networks(diagram)} networks. How good answers were over the whole "
        "record (docs/advise.md):",
        f"  the rule: {record.rule}",
        f"  the diagram's best method, read off other networks: {looked_up_score(record.cases, diagram)}",
        *(f"  always {method}: {record.always(method)}" for method in COMPARED),
    ]


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
