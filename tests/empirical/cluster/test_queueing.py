"""What would be submitted, as a user asks for it: by a table of a TOML file, by flags, by both; and mistakes."""

import json
import re

import pytest

from distort.__main__ import main
from tests.support import ROOT

pytest.importorskip("dask_jobqueue")

pytestmark = pytest.mark.extra

FILE = """
[slurm]
partition = "gpu"
walltime = "24:00:00"
jobs = 8
prologue = ["module load cuda"]
directives = ["--exclusive"]
log_directory = "logs"

[pbs]
queue = "gpuq"
walltime = "12:00:00"
resource_spec = "select=1:ncpus=8:ngpus=1:mem=32GB"

[sge]
queue = "gpu.q"
walltime = "12:00:00"
cores = 4
parallel_environment = "smp"
resource_spec = "gpu=1"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "cluster.toml"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


def script(capsys, *arguments: str) -> str:
    assert main(["bench", "run", "--dry-run", *arguments]) == 0
    return capsys.readouterr().out


def test_a_slurm_job_is_one_worker_on_one_gpu(capsys, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = script(capsys, "--executor", "slurm", "--cluster", file).splitlines()
    header = {line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")}
    wanted = {"-p gpu", "-n 1", "--cpus-per-task=8", "-t 24:00:00", "--gres=gpu:1", "--exclusive", "-J distort"}
    assert wanted <= header
    assert lines[0].startswith("#!")
    assert lines.index("module load cuda") < len(lines) - 1
    worker = lines[-1].split()
    assert worker[1:4] == ["-m", "distributed.cli.dask_worker", "tls://SCHEDULER:PORT"]
    said = " ".join(worker)
    for option in ("--nthreads 1", "--nanny", "--preload empirical.executors.preload", "--resources GPU=1",
                   "--protocol tls://", "--tls-key ", "--dashboard-address 127.0.0.1:0"):  # fmt: skip
        assert option in said
    assert said.rindex("--memory-limit 0") > said.index("--memory-limit ")  # the last one counts
    assert not (tmp_path / "results").exists()


def test_flags_change_the_table_and_can_replace_it(capsys, file):
    changed = script(
        capsys, "--executor", "slurm", "--cluster", file, "--partition", "long", "--gres", "gpu:a100:8", "--cores", "32"
    )
    assert "-p long" in changed
    assert "--gres=gpu:a100:8" in changed
    assert "--cpus-per-task=32" in changed
    assert "-p gpu" not in changed
    alone = script(capsys, "--executor", "slurm", "--partition", "cpu", "--gres", "", "--walltime", "1:00:00")
    assert "gres" not in alone
    assert "GPU=1" not in alone


def test_other_systems(capsys, file):
    pbs = script(capsys, "--executor", "pbs", "--cluster", file)
    assert "#PBS -q gpuq" in pbs
    assert "#PBS -l select=1:ncpus=8:ngpus=1:mem=32GB" in pbs
    assert "--resources GPU=1" in pbs
    sge = json.loads(script(capsys, "--executor", "sge", "--cluster", file, "--json"))["script"]
    assert "#$ -q gpu.q" in sge
    assert "#$ -pe smp 4" in sge
    assert "--resources GPU=1" in sge


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--executor", "slurm", "--partition", "gpu", "--dry-run"), 2, "walltime: Field required"),
        (("--executor", "pbs", "--walltime", "1:00:00", "--gres", "gpu:1", "--dry-run"), 2, "gres: Extra inputs"),
        (("--executor", "slurm", "--walltime", "1:00:00", "--jobs", "0", "--dry-run"), 2, "jobs: Input should be"),
        (("--executor", "slurm", "--cluster", "nowhere.toml"), 1, "nowhere.toml must be a TOML file"),
        (("--executor", "slurm", "--scheduler", "tcp://x:1"), 2, "go together"),
        (("--executor", "dask"), 2, "go together"),
        (("--executor", "dask", "--scheduler", "tcp://x:1", "--workers", "2"), 2, "--workers is for --executor local"),
        (("--gres", "gpu:1"), 2, "--gres is for --executor slurm"),
        (("--dry-run",), 2, "--dry-run is for --executor slurm"),
        (("--workers", "-1"), 2, "`workers` must be at least 1"),
        (("--limit", "0"), 2, "`limit` must be at least 1"),
        (("--only", "nonsense"), 2, "--only must name a part of the suite"),
        (("--executor", "slurm", "--walltime", "1:00:00\nrm -rf /", "--dry-run"), 2, "walltime: String should match"),
        (("--executor", "slurm", "--walltime", "for ever", "--dry-run"), 2, "walltime: String should match"),
        (
            ("--executor", "slurm", "--walltime", "1:00:00", "--partition", "gpu\n#SBATCH --wrap=x", "--dry-run"),
            2,
            "partition: String should match",
        ),
        (("--executor", "dask", "--scheduler", "garbage"), 2, "must be like tcp://10.0.0.1:8786"),
        (("--executor", "dask", "--scheduler", "tcp://127.0.0.1:99999999"), 2, "must be like tcp://10.0.0.1:8786"),
    ],
)
def test_mistakes_are_one_clear_line(capsys, tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    found = main(["bench", "run", *arguments])
    said = capsys.readouterr().err
    assert (found, message in said) == (status, True), said
    assert len(said.strip().splitlines()) == 1


def test_a_file_without_the_table_and_a_table_with_a_typing_error(capsys, tmp_path):
    path = tmp_path / "cluster.toml"
    path.write_text('[slurm]\npartiton = "gpu"\nwalltime = "1:00:00"\n', encoding="utf-8")
    assert main(["bench", "run", "--executor", "pbs", "--cluster", str(path), "--dry-run"]) == 1
    assert "must have a table [pbs]" in capsys.readouterr().err
    assert main(["bench", "run", "--executor", "slurm", "--cluster", str(path), "--dry-run"]) == 1
    assert "partiton: Extra inputs are not permitted" in capsys.readouterr().err


def test_the_script_is_printed_as_the_page_writes_it(tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    call = re.search(r"distort (bench run [^#`]*--executor slurm --cluster cluster.toml --dry-run)", page)[1]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cluster.toml").write_text(page.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    (tmp_path / "shared" / "data").mkdir(parents=True)
    words = call.replace("\\\n", " ").replace("/shared", str(tmp_path / "shared")).split()
    assert main(words) == 0
    assert "#SBATCH" in capsys.readouterr().out
