"""What was found, one line a question: the first thing that a reader of the page sees."""

import re
from dataclasses import dataclass

from figures.report.contents import AgreementSummary, Summary
from figures.report.tables import kind_of_status


@dataclass(frozen=True)
class Verdict:
    """A question with its answer; `kind` (`true`, `false`, `open`) colours it, `target` is where the page says more."""

    question: str
    answer: str
    kind: str
    target: str


def on_the_theory(summary: Summary) -> list[Verdict]:
    """The paper's own claims, in the order of its argument."""
    return [
        Verdict(claim.claim, claim.status, kind_of_status(claim.status), f"claim-{claim.name}")
        for claim in summary.claims
        if claim.published
    ]


def on_images(summary: Summary) -> list[Verdict]:
    """The questions that were asked of networks on images too."""
    return [
        Verdict(_question(figure.caption) or figure.title, *_judged(figure.agreement), f"figure-{figure.name}")
        for figure in summary.figures
        if figure.agreement is not None
    ]


def _question(caption: str) -> str:
    """The question that a caption begins with; empty where it begins otherwise."""
    asked = re.match(r"[^.?!]*\?", caption)
    return asked[0] if asked else ""


def _every(apart: int) -> str:
    return "the one pair that this run tells apart" if apart == 1 else f"all {apart} pairs that this run tells apart"


def _judged(agreement: AgreementSummary) -> tuple[str, str]:
    alike, apart = agreement.alike, agreement.told_apart
    if apart == 0:
        return "undecided: this run tells no pair of conditions apart", "open"
    if alike == apart:
        return f"as in the theory: {_every(apart)}", "true"
    if alike == 0:
        return f"against the theory: {_every(apart)}", "false"
    return f"mixed: of {apart} pairs that this run tells apart, {alike} are ordered as in the theory", "open"
