"""`python -m benchmarks.fault_client RESULTS ADDRESS`: the tiny suite on a cluster, as `distort bench run` does it."""

import json
import sys
from pathlib import Path

from artifacts import UserError
from artifacts.runtime import prepare_jax
from benchmarks.fault_machines import logged, tiny_suite


def main(results: Path, address: str) -> int:
    from distort.folder import held
    from empirical import Workspace, run_suite
    from empirical.executors import DaskWorkers

    try:
        with held(results) as folder:
            outcome = run_suite(
                tiny_suite(), Workspace(folder=folder.absolute() / "benchmark"),
                executor=DaskWorkers(address, work=logged, retries=1),
            )  # fmt: skip
    except UserError as error:
        print(f"distort: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    said = {"built": outcome.built, "up_to_date": outcome.up_to_date}
    print(json.dumps({**said, "set_aside": {failure.unit: failure.error for failure in outcome.set_aside}}))
    return 0


if __name__ == "__main__":
    prepare_jax()
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
