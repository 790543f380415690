"""`distort bench`: the benchmark on real images, from data to tables."""

from tyro.extras import SubcommandApp

from distort import bench_checkpoints
from distort.bench_data import add_commands
from distort.bench_executors import Worker
from distort.bench_init import Init
from distort.bench_plan import PlanCommand, StatusCommand
from distort.bench_run import Collect, RunSuite


def commands() -> SubcommandApp:
    """The subcommands of `distort bench`."""
    app = SubcommandApp()
    app.command(name="init")(Init)
    app.command(name="plan")(PlanCommand)
    app.command(name="run")(RunSuite)
    app.command(name="worker")(Worker)
    app.command(name="status")(StatusCommand)
    app.command(name="collect")(Collect)
    add_commands(app)
    bench_checkpoints.add_commands(app)
    return app
