"""A scheduler and two nodes in processes of their own, broken while they work; mistakes are said in one line."""

import os
import signal
import threading

import pytest

from artifacts import ArgumentError, UserError
from benchmarks.fault_machines import machines
from empirical import Run, plan, run_suite
from empirical.executors import DaskWorkers, dask_workers, serve, serving
from empirical.executors.identity import disagreement, identity
from empirical.executors.shared_folder import await_dependencies
from tests.support import ROOT
from tests.support.cluster_work import SUITE, UNITS, begun, poisoned, slow, wait_for

Client = pytest.importorskip("distributed").Client

pytestmark = pytest.mark.extra


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    with machines(folder, nodes=0, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1") as found:
        for _ in range(2):
            found.start_node(first_on_path=ROOT)
        yield found


def test_a_worker_killed_in_the_middle_of_a_run_costs_that_run_alone(cluster, workspace, undisturbed):
    def kill_one() -> None:
        wait_for(lambda: any("FT" in unit for _, _, unit in begun(workspace)))
        os.kill(begun(workspace)[-1][0], signal.SIGKILL)

    thread = threading.Thread(target=kill_one)
    thread.start()
    outcome = run_suite(SUITE, workspace, executor=DaskWorkers(cluster.address, work=slow))
    thread.join()
    assert outcome.set_aside == []
    assert outcome.benchmark == undisturbed
    assert len({process for process, _, _ in begun(workspace)}) >= 2
    assert len(begun(workspace)) <= UNITS + 1
    again = run_suite(SUITE, workspace, executor=DaskWorkers(cluster.address, work=slow))
    assert (again.built, again.up_to_date) == ({}, UNITS)


def test_a_unit_that_ends_every_worker_is_set_aside_and_the_rest_goes_on(cluster, workspace):
    outcome = run_suite(SUITE, workspace, executor=DaskWorkers(cluster.address, work=poisoned))
    failed = {one.unit: one.error for one in outcome.set_aside}
    assert "KilledWorker" in failed.pop("recipe000: linear probe, seed 1")
    assert failed.pop("recipe000: description, seed 0") == "Data must be there, but are not."
    assert all("seed 1" in unit and "needs what failed" in error for unit, error in failed.items())
    # The poison may end a worker whose last answer was not fetched yet: that unit is asked for again, and found.
    assert len(outcome.built) + outcome.up_to_date == UNITS - 2 - len(failed)


def test_workers_of_other_code_are_refused_and_closed(cluster, workspace, monkeypatch):
    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)  # the poison has ended them; who comes later is not refused here
    mine = {**identity(workspace.folder), "code": "0123456789abcdef"}
    monkeypatch.setattr(dask_workers, "identity", lambda folder: mine)
    with pytest.raises(UserError, match=r"all were refused: tcp://.*: code differs"):
        run_suite(SUITE, workspace, executor=DaskWorkers(cluster.address, work=slow))
    for node in cluster.processes[1:]:
        node.wait(timeout=60)
    assert not begun(workspace)


def test_a_scheduler_that_is_lost_is_said_in_one_line(cluster, workspace):
    timer = threading.Timer(3, lambda: cluster.kill(cluster.processes[0]))  # while the client awaits workers
    timer.start()
    with pytest.raises(UserError, match="was lost; finished runs are on disk"):
        run_suite(SUITE, workspace, executor=DaskWorkers(cluster.address, work=slow))
    timer.join()


def test_nobody_answers(workspace, monkeypatch):
    monkeypatch.setattr(dask_workers, "CONNECT_SECONDS", 1.0)
    with pytest.raises(UserError, match="A Dask scheduler must answer at"):
        run_suite(SUITE, workspace, executor=DaskWorkers("tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    "address",
    ["", "garbage", "nonsense://x", "tcp://10.0.0.1", "tcp://:8786", "tcp://10.0.0.1:0", "tcp://10.0.0.1:99999",
     "tcp://[::1:8786", "tcp://10.0.0.1:8786/x", "tcp://10.0.0.1:8786\n", "10.0.0.1:8786", "tcp://a b:8786"],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_anybody_is_asked(address):
    with pytest.raises(ArgumentError, match="must be like tcp"):
        DaskWorkers(address)
    with pytest.raises(ArgumentError, match="must be like tcp"):
        serve(address)


def test_a_worker_says_that_nobody_answers(monkeypatch, caplog):
    monkeypatch.setattr(serving, "CONNECT_SECONDS", 1.0)
    with pytest.raises(UserError, match="A Dask scheduler must answer at"):
        serve("tcp://127.0.0.1:9", 1)
    assert "looking for the scheduler at tcp://127.0.0.1:9" in caplog.text


def test_who_may_work(workspace):
    mine = identity(workspace.folder)
    assert disagreement(mine, dict(mine)) == ""
    assert "--preload empirical.executors.preload" in disagreement(mine, {**mine, "double precision": False})
    assert "unreadable" in disagreement(mine, identity(workspace.folder / "elsewhere"))


def test_a_dependency_that_another_machine_wrote_is_awaited(workspace):
    unit = next(unit for unit in plan(SUITE, lambda unit: None).units if unit.method.startswith("LP-FT"))
    run = Run(unit, SUITE, workspace)
    (probe,) = run.dependencies
    path = probe.folder

    def appear() -> None:
        path.mkdir(parents=True)
        (path / "manifest.json").touch()

    timer = threading.Timer(0.3, appear)
    timer.start()
    await_dependencies(run, patience=30.0)
    assert path.exists()
    timer.join()
    other = run.beside(unit.model_copy(update={"seed": 1 - unit.seed}))
    await_dependencies(other, patience=0.1)  # the unit itself says what is missing
