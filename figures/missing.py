"""What a figure says that cannot be drawn: what is missing, and what would make it. Never another suite's results."""

from typing import TYPE_CHECKING

from artifacts import UserError

if TYPE_CHECKING:
    from empirical.records import Benchmark

#: The name of the suite that needs no data.
EMBEDDED = "embedded"
#: What stands in a suite file where there is no entry that asks for it.
NO_ENTRY = ""


class NothingToDraw(UserError):
    """A result that a figure shows is not there; the message says which, and what makes it."""


def not_measured(benchmark: "Benchmark", what: str, *, entry: str) -> NothingToDraw:
    """The benchmark was run, but without what a figure shows.

    Args:
      what: in the plural, what the benchmark must have.
      entry: what of a recipe's table in a suite file asks for it (docs/benchmark.md); `NO_ENTRY` where only the
        embedded suite has it.
    """
    if benchmark.suite == EMBEDDED:
        remedy = "the embedded suite has them at its default scale or, where not there, with `--scale full`"
    elif entry == NO_ENTRY:
        remedy = "no entry of a suite file asks for them, the embedded suite alone has them, in a folder of its own"
    else:
        remedy = f"{entry} in a recipe of its suite file gives them"
    return NothingToDraw(f"The benchmark `{benchmark.suite}` must have {what}, but has none; {remedy}.")
