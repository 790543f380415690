from .benchmark.ledger import Ledger
from .benchmark.plan import plan
from .benchmark.run import Assignment, Run
from .benchmark.suite import NAMES, Suite, named_suite, open_suite, read_suite
from .benchmark.suite_file import read_suite_file
from .benchmark.unit_filter import Only
from .benchmark.units import Unit
from .benchmark.workspace import Workspace
from .engine import SuiteOutcome, run_suite
from .executors import Done, Executor, Failed, local
from .linear_probe import probe_path
from .records import Benchmark, read_benchmark, write_benchmark
from .results.collect import collect
from .results.set_aside import read_set_aside
from .runs import run_unit
from .version import __version__

__all__ = [
    "NAMES",
    "Assignment",
    "Benchmark",
    "Done",
    "Executor",
    "Failed",
    "Ledger",
    "Only",
    "Run",
    "Suite",
    "SuiteOutcome",
    "Unit",
    "Workspace",
    "__version__",
    "collect",
    "local",
    "named_suite",
    "open_suite",
    "plan",
    "probe_path",
    "read_benchmark",
    "read_set_aside",
    "read_suite",
    "read_suite_file",
    "run_suite",
    "run_unit",
    "write_benchmark",
]
