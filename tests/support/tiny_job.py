"""The whole main job at a size for tests: one statement, one simulation, one training run a method and seed.

`python tests/support/tiny_job.py FOLDER [WORKERS]` runs it in a process of its own, to be cut off at will.
"""

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from distort.interruption import end_when_interrupted

if __name__ == "__main__":
    end_when_interrupted()  # before anything else is imported, as the command does

from artifacts.runtime import keep_compiled, prepare_jax
from distort.__main__ import run_command
from distort.command import Answer, Command
from distort.folder import held
from distort.plan import JobPlan
from distort.progress import progress
from distort.reproduce import reproduce
from distort.workers import side_by_side
from figures.report.contents import Summary

#: In one setting only: each is a program of its own to compile.
STATEMENT = "lp_ft_perfect_features"
FIGURES = ("side_by_side", "benchmark_accuracy", "accuracy_along_training", "feature_movement_on_images")


def tiny_plan() -> JobPlan:
    """Complete in kind, small in number."""
    from empirical import Suite
    from empirical.datasets.protocols import Split
    from empirical.methods import FT, LP_FT
    from empirical.recipes import DIGITS, SolvedProbe, Sweep

    recipe = DIGITS["quick"].model_copy(
        update={
            "split": Split(training=96, validation=64, test=64),
            "seeds": (0, 1),
            "probe": SolvedProbe(penalties=(0.1, 1.0)),
            "sweeps": (Sweep(method=FT, learning_rates=(1e-2,)), Sweep(method=LP_FT, learning_rates=(1e-3,))),
            "epochs": 2,
        }
    )
    return JobPlan(
        scale="quick",
        statements=(STATEMENT,),
        examples=5,
        experiments=(("id_ood_tradeoff",),),
        suite=Suite(name="embedded", recipes=(recipe,)),
        figures=FIGURES,
    )


def run(folder: Path, *, force: bool = False, workers: int = 1) -> Summary:
    """The tiny job, as `distort reproduce` runs the real one."""
    with held(folder) as results, side_by_side(workers) as side, progress() as begin:
        return reproduce(results, tiny_plan(), run=partial(side.run, begin), begin=begin, workers=workers, force=force)


@dataclass(frozen=True, kw_only=True)
class TinyJob(Command):
    """The tiny job in the place of `distort reproduce`: errors are told as the command tells them."""

    folder: Path
    workers: int

    def __call__(self) -> Answer:
        """The whole job."""
        run(self.folder, workers=self.workers)
        return Answer(None, "done")


if __name__ == "__main__":
    prepare_jax()
    keep_compiled()
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    sys.exit(run_command(TinyJob(folder=Path(sys.argv[1]), workers=workers)))
