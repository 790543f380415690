"""Local processes: one device each, faults contained, and all that is begun ends with the process that began it."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from artifacts import UserError
from empirical import Ledger, plan, run_suite
from empirical.executors import InProcess, Processes
from tests.support import ROOT
from tests.support.cluster_work import SUITE, UNITS, begun, mistaken, passing, poisoned, slow, wait_for


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_each_worker_sees_its_own_device_and_a_killed_one_is_replaced(workspace, undisturbed):
    killed = []

    def kill_one() -> None:
        wait_for(lambda: any("FT" in unit for _, _, unit in begun(workspace)))
        killed.append(begun(workspace)[-1][0])
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill_one)
    thread.start()
    outcome = run_suite(SUITE, workspace, executor=Processes(2, ("4", "GPU-abc"), work=slow))
    thread.join()
    assert outcome.set_aside == []
    assert len(outcome.built) == UNITS
    assert outcome.benchmark == undisturbed
    tries = begun(workspace)
    assert {device for _, device, _ in tries} == {"4", "GPU-abc"}
    assert len({process for process, _, _ in tries}) == 3
    assert len(tries) <= UNITS + 1  # the run that was killed, and no other, is done again
    assert os.environ.get("CUDA_VISIBLE_DEVICES") is None


def test_a_poisoned_unit_is_set_aside_with_what_needs_it_and_the_rest_goes_on(workspace):
    outcome = run_suite(SUITE, workspace, executor=Processes(2, work=poisoned, retries=1))
    failed = {one.unit: one.error for one in outcome.set_aside}
    assert failed.pop("recipe000: linear probe, seed 1").endswith("SIGKILL (tried 2 times)")
    assert failed.pop("recipe000: description, seed 0") == "Data must be there, but are not."  # not tried again
    assert all("seed 1" in unit and "needs what failed" in error for unit, error in failed.items())
    assert len(outcome.built) == UNITS - 2 - len(failed)


def test_a_mistake_is_not_tried_again_and_keeps_its_traceback(workspace):
    outcome = run_suite(SUITE, workspace, executor=InProcess(mistaken))
    errors = {failure.error for failure in outcome.set_aside if "needs what failed" not in failure.error}
    assert errors == {"TypeError: no such argument"}
    assert all("in mistaken" in trace for trace in outcome.tracebacks.values())


def test_an_error_that_passes_costs_an_attempt(workspace, undisturbed):
    outcome = run_suite(SUITE, workspace, executor=InProcess(passing, retries=1))
    assert outcome.set_aside == []
    assert outcome.benchmark == undisturbed


def test_workers_end_when_the_caller_stops_listening(workspace):
    ledger = Ledger(SUITE, workspace)
    runs = ledger.runs(plan(SUITE, ledger.training).units)
    with closing(Processes(2, work=slow)(runs, force=False)) as outcomes:
        next(outcomes)
    assert all(gone(process) for process, _, _ in begun(workspace))


def test_kept_workers_serve_one_call_after_another_and_end_with_the_block(workspace):
    ledger = Ledger(SUITE, workspace)
    runs = ledger.runs(plan(SUITE, ledger.training).units)
    ready = [run for run in runs if not run.dependencies]
    with Processes(2, work=slow).kept() as executor:
        assert [one.unit for run in ready[:2] for one in executor([run], force=False)] == [
            run.unit for run in ready[:2]
        ]
        ((first, _, _), (second, _, _)) = begun(workspace)
        assert first == second
        with closing(executor(runs, force=True)) as outcomes:
            next(outcomes)
        assert all(gone(process) for process, _, _ in begun(workspace)), "nobody waits for what the other one does"
        assert [one.built for one in executor(ready[:1], force=True)] == [True]
        last = begun(workspace)[-1][0]
        assert not gone(last)
    assert gone(last)


def test_workers_end_with_a_parent_that_was_killed(workspace):
    code = """
        import sys; from pathlib import Path
        from tests.support.cluster_work import SUITE, slow
        from empirical import Workspace, run_suite
        from empirical.executors import Processes
        if __name__ == "__main__":
            run_suite(SUITE, Workspace(folder=Path(sys.argv[1])), executor=Processes(2, work=slow))
        """
    script = workspace.folder.parent / "parent.py"
    script.write_text("\n".join(line.strip() if "run_suite(SUITE" not in line else "    " + line.strip()
                                for line in code.splitlines()))  # fmt: skip
    parent = subprocess.Popen(
        [sys.executable, str(script), str(workspace.folder)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    wait_for(lambda: begun(workspace))
    parent.kill()
    parent.wait()
    wait_for(lambda: all(gone(process) for process, _, _ in begun(workspace)))
    assert run_suite(SUITE, workspace, executor=Processes(1, work=slow), limit=1).set_aside == []


@pytest.mark.parametrize(("count", "gpus"), [(0, ()), (-1, ("0",)), (3, ("0", "1"))])
def test_impossible_numbers_of_workers_are_refused(count, gpus):
    with pytest.raises(UserError, match=f"got {count}"):
        Processes(count, gpus)
