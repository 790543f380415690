"""`distort reproduce`: the main job, from statements to report."""

import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distort.command import Answer, MakingCommand, Scale, UsageError

if TYPE_CHECKING:
    from distort.plan import JobPlan
    from distort.progress import Begin
    from distort.workers import Run
    from figures.report.contents import Stage, Summary

REPORT, SUMMARY = "report.html", "summary.json"
#: The picture that everything comes down to.
FLAGSHIP = "flagship"


@dataclass(frozen=True, kw_only=True)
class Reproduce(MakingCommand):
    """Verify the statements, run the simulations and the embedded benchmark, draw every figure, write the report.

    What is up to date is kept, and what was cut off is finished: calling it again is always safe.
    """

    out: Path = Path("results")
    """Results folder: new, empty, or one that distort made."""
    scale: Scale = "default"
    """How much: quick for a check, default, or full (hours)."""
    force: bool = False
    """Make everything again."""
    workers: int | None = None
    """Processes that work side by side; by default one for each core, four at most."""

    def __call__(self) -> Answer:
        """The whole job; a claim that is violated with no counterexample known is a failure."""
        self.accept()
        from distort.folder import held, refuse_another_suite
        from distort.plan import SUITE, beforehand, expected_seconds, plan
        from distort.progress import progress
        from distort.stages import stages_text
        from distort.workers import default_workers, side_by_side
        from theory.statements import Status

        workers = default_workers() if self.workers is None else self.workers
        if workers < 1:
            raise UsageError(f"--workers must be at least 1, got {workers}.")
        refuse_another_suite(self.out, SUITE)
        with held(self.out) as results, side_by_side(workers) as side:
            much_to_do = self.force or not (results / SUMMARY).exists()
            if much_to_do:
                side.start()
            whole = plan(self.scale)
            if much_to_do:
                print(f"distort: {beforehand(whole, workers)}", file=sys.stderr)
            with progress(expected_seconds(whole)) as begin:
                run = partial(side.run, begin)
                summary = reproduce(results, whole, run=run, begin=begin, workers=workers, force=self.force)
        written = f"{self.out / REPORT} and {self.out / SUMMARY}, after {summary.seconds} s"
        violated = [claim.name for claim in summary.claims if claim.status == Status.VIOLATED]
        failure = f"violated, though no counterexample was known: {', '.join(violated)}" if violated else ""
        text = "\n".join((stages_text(summary.stages), written, *flagship_lines(summary, self.out)))
        return Answer(summary, text, failure)


def reproduce(
    results: Path, plan: "JobPlan", *, run: "Run", begin: "Begin", workers: int = 1, force: bool = False
) -> "Summary":
    """Bring a results folder up to date with a plan. The folder must be held (`distort.folder`).

    Args:
      workers: of `run`; the benchmark gets half as many processes of its own, or the one of `run` that has this step.
    """
    from distort.plan import expected_seconds
    from distort.stages import benchmark_stages, figure_stages, simulation_stages, verification_stages
    from distort.workers import checked_first, longest_first

    started = time.perf_counter()
    if workers > 1 and not force and (results / SUMMARY).exists():
        run = checked_first(run, begin)
    # Half of the processors: every process of its own compiles anew, and the other steps together take as long. At the
    # quick scale the benchmark's runs are done before other processes for them would have started.
    for_benchmark = 1 if plan.scale == "quick" else max(1, workers // 2)
    seconds = expected_seconds(plan)
    measured = [
        (
            seconds["statements"],
            partial(verification_stages, results, plan.statements, examples=plan.examples, force=force),
        ),
        (seconds["benchmark"], partial(benchmark_stages, results, plan.suite, workers=for_benchmark, force=force)),
        *(
            (
                sum(seconds[f"simulation {name}"] for name in names),
                partial(simulation_stages, results, names, scale=plan.scale, force=force),
            )
            for names in plan.experiments
        ),
    ]
    drawn = [partial(figure_stages, results, name, force=force) for name in plan.figures]
    finished = [*longest_first(run, measured), *run(drawn)]
    stages = [stage for steps in finished for stage in steps]
    report = begin("report")
    summary = _written(results, stages, scale=plan.scale, started=started)
    report("", 1.0)
    return summary


def flagship_lines(summary: "Summary", out: Path) -> tuple[str, ...]:
    """The path of the flagship picture and its verdict; nothing where it was not drawn.

    Args:
      out: the results folder, as the user names it.
    """
    drawn = [figure for figure in summary.figures if figure.name == FLAGSHIP]
    return tuple(
        f"{out / next(name for name in figure.files if name.endswith('.png'))}\n{figure.note}" for figure in drawn
    )


def _written(results: Path, stages: "list[Stage]", *, scale: Scale, started: float) -> "Summary":
    """The report and the summary, written last: where a summary is, everything before it is done.

    Where nothing was made and both are there as they would be written, they stay, with the times of the call that made
    what they show.
    """
    from artifacts.files import digest_of, write_text
    from distort.command import as_json
    from figures.report.contents import WrittenPage
    from figures.report.freshness import made_from, still_there
    from figures.report.gather import gather

    gathered = gather(results).model_copy(update={"scale": scale})
    seconds = round(time.perf_counter() - started, 1)
    summary = gathered.model_copy(update={"stages": tuple(stages), "seconds": seconds})
    inputs = made_from(gathered, results)
    made = any(stage.built for stage in stages)
    if not made and (kept := still_there(results / SUMMARY, results / REPORT, inputs)) is not None:
        return summary.model_copy(update={"page": kept})
    from figures.report.page import page

    write_text(results / REPORT, page(summary, results))
    summary = summary.model_copy(update={"page": WrittenPage(inputs=inputs, sha256=digest_of(results / REPORT))})
    write_text(results / SUMMARY, as_json(summary) + "\n")
    return summary
