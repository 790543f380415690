"""Studies of the embedded digits, each alone and small.

`python -m benchmarks.embedded_studies phase --folder DIR --out FILE`: who wins on graded shifts, by how long a network
was pretrained. `... scales ...`: features of other lengths and random heads of other sizes. `--scale full` makes both
whole. `... plain ...`: the control of features that were pretrained on the plain look alone, without the main runs.
`... matched ...`: the 2 x 2 of norm modes and head starts at equal learning rates, one after another.
What they show is told in docs/benchmark.md. The folder keeps finished runs, so a call that was cut off goes on.
"""

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, Literal

import tyro

from artifacts import environment
from artifacts.files import write_json
from artifacts.runtime import keep_compiled, prepare_jax

Study = Literal["phase", "scales", "plain", "matched"]
#: Equal learning rates: a random head learns little at the lower one, and a probed head is beyond its best at both.
MATCHED = (3e-2, 1e-1)
#: What the main runs have beside their rows, and no study needs.
BARE: dict[str, Any] = {"watched": (), "interpolate": (), "refit": ()}


def main(study: tyro.conf.Positional[Study], folder: Path, out: Path) -> None:
    """Run a study and write its numbers."""
    prepare_jax()
    keep_compiled()
    from empirical import Suite, Workspace, run_suite

    began, load = time.perf_counter(), os.getloadavg()[0]
    recipes = [_at_one_rate(rate) for rate in MATCHED] if study == "matched" else [_recipe(study)]
    documents, runs = [], 0
    for recipe in recipes:
        suite = Suite(name="embedded", recipes=(recipe,))
        outcome = run_suite(suite, Workspace(folder=folder), progress=lambda text, share: print(text, file=sys.stderr))
        documents.append(outcome.benchmark)
        runs += len(outcome.built)
    used = resource.getrusage(resource.RUSAGE_SELF)
    if study == "matched":
        numbers = {
            "rates": [{"learning_rate": rate, **_plain(one)} for rate, one in zip(MATCHED, documents, strict=True)]
        }
    else:
        numbers = {"phase": _phase, "scales": _scales, "plain": _plain}[study](documents[0])
    cost = {
        "seconds": round(time.perf_counter() - began),
        "processor_seconds": round(used.ru_utime + used.ru_stime),
        "runs": runs,
        "load_before": round(load, 1),
    }
    write_json(out, {"study": study, "cost": cost, **numbers, "environment": environment()})


def _at_one_rate(rate: float) -> Any:
    """The flagship's 2 x 2, every method at this learning rate, without anything beside."""
    from empirical.recipes import DIGITS

    flagship = DIGITS["default"]
    sweeps = tuple(sweep.model_copy(update={"learning_rates": (rate,)}) for sweep in flagship.sweeps)
    return flagship.model_copy(update={**BARE, "sweeps": sweeps, "conditions": ()})


def _recipe(study: Study) -> Any:
    from empirical.methods import FT, LP_FT
    from empirical.recipes import DIGITS, Sweep
    from empirical.recipes.digits import scale_series
    from empirical.recipes.digits_graded import graded

    flagship, seeds = DIGITS["default"], (1, 2)
    few = {**BARE, "seeds": seeds}
    if study == "plain":
        (control,) = (one for one in flagship.conditions if one.name == "plain look alone")
        rates = {FT.label: (1e-1,), LP_FT.label: (1e-2,)}  # those that the main runs select
        sweeps = tuple(Sweep(method=flagship.sweep(label).method, learning_rates=rate) for label, rate in rates.items())
        alone = {"pretraining": control.pretraining, "sweeps": sweeps, "seeds": control.seeds, "conditions": ()}
        return flagship.model_copy(update={**few, **alone})
    if study == "scales":
        conditions = scale_series(*seeds, lengths=(0.3, 10.0), scales=(0.1, 10.0))
        return flagship.model_copy(update={**few, "conditions": conditions})
    return graded(flagship, steps=(0, 100, 1500), seeds=seeds)


def _phase(benchmark: Any) -> dict[str, Any]:
    from empirical.tables.phase import phase, phase_points

    points = [
        {
            "network": point.condition.label,
            "set": point.described.name,
            "energy": round(point.energy, 3),
            "shared_head": point.shared,
            "lp_ft_lpft": [round(accuracy, 4) for accuracy in point.accuracies],
            "lp_less_ft": [round(lead, 4) for lead in point.lead],
        }
        for point in phase_points(benchmark)
    ]
    return {"points": points, "notes": list(phase(benchmark).notes)}


def _plain(benchmark: Any) -> dict[str, Any]:
    from benchmarks.embedded import document

    numbers = document(benchmark)
    return {name: numbers[name] for name in ("rows", "differences", "sets", "shared_head_id")}


def _scales(benchmark: Any) -> dict[str, Any]:
    from benchmarks.embedded import document

    numbers = document(benchmark)
    series = [one for one in numbers["conditions"] if one["kind"] in ("feature_norm", "head_scale")]
    return {"rows": numbers["rows"], "conditions": series}


if __name__ == "__main__":
    tyro.cli(main)
