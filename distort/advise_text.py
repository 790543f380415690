"""What `distort advise` says: premises, advice, where a set stands in the measured diagram, how often all was right."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distort.command import Answer, note, table

if TYPE_CHECKING:
    from empirical.advice.confirming import Confirmation
    from empirical.advice.measured_map import Region
    from empirical.advice.premises import Premises, SetPremises
    from empirical.advice.rule import Advice
    from empirical.advice.track_record import TrackRecord
    from empirical.advice.unlabelled import UnlabelledSet

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
      unlabelled: what is known of OOD sets without labels.
    """

    premises: list["Premises"]
    advice: list["Advice"]
    regions: list["Region"]
    confirmations: list["Confirmation"]
    cases: int
    hits: int
    unlabelled: list["UnlabelledSet"] = field(default_factory=list)


def answer(
    premises: list["Premises"], confirmations: list["Confirmation"], unlabelled: "list[UnlabelledSet]"
) -> Answer:
    """For every OOD set: premises, advice with its reason, how sure it is, and its region of the diagram.

    Args:
      unlabelled: OOD sets without labels, of which less is said.
    """
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
    for piece, near, (measured, ood) in zip(advice, regions, sets, strict=True):
        lines += [
            f"{piece.set}: {piece.regime}. Try {piece.first} first.",
            f"  Why: {piece.why}.",
            *_counted(ood, measured.id_accuracy),
            f"  {_sure(record, piece)}",
            *([] if near is None else [f"  {_nearby(near)}"]),
            "",
        ]
    lines += [line for ood in unlabelled for line in (*_without_labels(ood, record, premises), "")]
    lines += [*_map(record), ""]
    lines += [_confirmed(confirmation) for confirmation in confirmations]
    if not confirmations and sets:
        lines.append("--confirm trains FT and LP-FT for a few epochs and says which is ahead.")
    known = [near for near in regions if near is not None]
    document = Advised(premises, advice, known, confirmations, len(record.cases), record.rule.right, unlabelled)
    head = [table(header, rows), ""] if rows else []
    return Answer(document, "\n".join([*head, *map(note, lines)]).rstrip())


def without_ood(premises: list["Premises"]) -> Answer:
    """What is known of ID images alone, and what is not."""
    lines = [
        f"{measured.dataset}: LP reads {100 * measured.id_accuracy:.1f} % of ID test images." for measured in premises
    ]
    return Answer(Advised(premises, [], [], [], 0, 0), "\n".join(map(note, [*lines, UNKNOWN])))


def _without_labels(ood: "UnlabelledSet", record: "TrackRecord", premises: list["Premises"]) -> list[str]:
    """What is known of a set without labels, what is not, and which method was best on sets that lie as far."""
    from empirical.advice.rule import LARGE_SHIFT
    from empirical.advice.unlabelled import best_that_far

    (id_accuracy,) = (measured.id_accuracy for measured in premises if measured.dataset == ood.dataset)
    outside, at_home = (f"{100 * energy:.1f} %" for energy in (ood.energy_outside, ood.id_energy_outside))
    nearest = "head carries over" if ood.is_far else "near ID"
    lines = [
        f"{ood.name}: {ood.images} images without labels. Energy outside {outside} (ID {at_home}), "
        f"{ood.energy_ratio:.2g} times ID's; c_S {_short(ood.on_cosine)}; LP reads {100 * id_accuracy:.1f} % of ID "
        "test images.",
        "  Without labels it cannot be known whether the ID head carries over, nor how good the features are there: "
        f"the regime is {nearest}, head fails or features fail. A hundred labels would say.",
    ]
    scores = best_that_far(ood, record)
    if not scores:
        return [*lines, "  No set that lies as far was measured yet."]
    first = max(scores, key=lambda method: (scores[method].right, -scores[method].lost))
    far = f"{'at least' if ood.is_far else 'less than'} {LARGE_SHIFT:g} times"
    told = "; ".join(f"{method}: {score}" for method, score in scores.items())
    return [
        *lines,
        f"  Try {first} first: of the sets measured whose energy outside is {far} ID's it was best most often "
        f"({told}).",
    ]


def _counted(ood: "SetPremises", id_accuracy: float) -> list[str]:
    """What few images leave open."""
    from empirical.advice.rule import interval, not_ruled_out

    others = not_ruled_out(ood, id_accuracy)
    if not others:
        return []
    low, high = (100 * end for end in interval(ood.shared_accuracy, ood.images))
    return [
        f"  {ood.images} images leave the shared head's accuracy between {low:.0f} and {high:.0f} % (90 %): it may "
        f"also be {' or '.join(others)}."
    ]


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
