"""The engine: recipes become units of work, units run directories, and run directories the benchmark.

`suite` names what is run, `units` what one run is, `plan` which there are, `work` how a worker does one, `executors`
who does it, `run` ties them together; `ledger` and `collect` read back what is there.
"""

from empirical.suite.collect import collect, write_benchmark
from empirical.suite.configuration import read_suite_file
from empirical.suite.executors import Done, Executor, Failed, local
from empirical.suite.ledger import Ledger
from empirical.suite.only import Only
from empirical.suite.places import Places
from empirical.suite.plan import plan
from empirical.suite.run import SuiteOutcome, read_set_aside, run_suite
from empirical.suite.suite import NAMES, Suite, named_suite, open_suite, read_suite
from empirical.suite.units import Unit, dependencies
from empirical.suite.work import run_unit

__all__ = [
    "NAMES",
    "Done",
    "Executor",
    "Failed",
    "Ledger",
    "Only",
    "Places",
    "Suite",
    "SuiteOutcome",
    "Unit",
    "collect",
    "dependencies",
    "local",
    "named_suite",
    "open_suite",
    "plan",
    "read_set_aside",
    "read_suite",
    "read_suite_file",
    "run_suite",
    "run_unit",
    "write_benchmark",
]
