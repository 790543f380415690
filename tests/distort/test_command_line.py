"""The contract of the command line: exit statuses, one JSON document, one line for an error."""

import json
import os
import shlex
import subprocess
import sys
from importlib import metadata

import pytest

from distort import command, doctor_files
from distort.__main__ import main
from distort.command import UsageError, as_json, line_width, table
from distort.names import chosen, known
from distort.parsing import COMMANDS
from figures.catalogue import figures
from simulations.attack.search import PROBLEMS_PER_ROUND
from tests.support import ROOT
from tests.support.tiny_job import STATEMENT
from theory.statements import STATEMENTS


def run(*arguments: str) -> int:
    """The exit status, whichever way the command ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    "arguments", [(), ("theory",), ("theory", "verify"), ("bench",), ("bench", "run"), ("figures",), ("reproduce",)]
)
def test_help_succeeds(arguments, capsys):
    assert run(*arguments, "--help") == 0
    assert "usage: distort" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("reprodude",),
        ("theory", "verify", "--examples", "many", "--all"),
        ("reproduce", "--scale", "huge"),
        ("theory", "verify"),
        ("theory", "verify", "balancedness", "--all"),
    ],
)
def test_wrong_usage_exits_with_2_and_keeps_standard_output_clean(arguments, capsys):
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("distort: ")


def test_the_version_is_that_of_the_distribution(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"distort {metadata.version('feature-distortion')}\n"


def ended(*arguments: str, shell: str = "", **environment: str) -> subprocess.CompletedProcess:
    """The command in a process of its own, its streams as a shell redirects them."""
    line = f"{shlex.join([sys.executable, '-m', 'distort', *arguments])} {shell}"
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=120, cwd=ROOT,
                          env={**os.environ, **environment})  # fmt: skip


def test_help_ends_in_the_narrowest_terminal():
    assert ended("bench", "run", "--help", COLUMNS="1").returncode == 0


def test_a_reader_that_goes_away_is_no_error():
    assert ended("bench", "run", "--help", shell="| head -1; exit ${PIPESTATUS[0]}").stderr == ""


def test_an_answer_that_cannot_be_written_is_one_line():
    finished = ended("--version", shell=">/dev/full")
    assert (finished.returncode, len(finished.stderr.splitlines())) == (1, 1)
    assert "No space left" in finished.stderr


def test_an_answer_that_nobody_receives_is_no_success():
    finished = ended("theory", "list", shell=">&-")
    assert (finished.returncode, len(finished.stderr.splitlines())) == (1, 1)
    assert "standard output" in finished.stderr


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "2>&-"])
def test_closed_streams_hold_nothing_that_belongs_elsewhere(closed, tmp_path):
    finished = ended("report", "--from", str(tmp_path), "--json", shell=closed)
    assert finished.returncode == 1
    assert finished.stdout == ""


def test_a_machine_without_a_home_keeps_no_compiled_code():
    code = "from artifacts.runtime import cache_folder; print(cache_folder())"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60,
                              env={"PATH": os.environ["PATH"], "XDG_CACHE_HOME": "/proc/none"})  # fmt: skip
    assert finished.stdout == "None\n", finished.stderr


def test_a_device_that_is_not_there_is_named():
    finished = ended("theory", "verify", "balancedness", "--examples", "1", JAX_PLATFORMS="cuda")
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1].startswith("distort: JAX_PLATFORMS must name devices")


def test_a_results_folder_that_was_named_must_be_there(tmp_path, capsys):
    assert run("theory", "list", "--from", str(tmp_path / "none")) == 1
    assert "must be a results folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (("theory", "show", "balancednes"), "balancedness"),
        (("theory", "verify", "frozen_feature"), "frozen_features"),
        (("theory", "attack", "ft_ood_lower_bond"), "ft_ood_lower_bound"),
        (("simulate", "toy_exmaple"), "toy_example"),
        (("figures", "side_by_sid"), "side_by_side"),
    ],
)
def test_unknown_name_is_one_line_with_the_nearest(arguments, nearest, capsys):
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert nearest in captured.err


@pytest.mark.parametrize(
    "arguments", [("figures", "side_by_side"), ("report",), ("bench", "status"), ("bench", "collect")]
)
def test_missing_results_name_the_command_that_makes_them(arguments, tmp_path, capsys):
    assert run(*arguments, "--from", str(tmp_path / "none")) == 1
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert "distort reproduce" in captured.err
    assert not (tmp_path / "none").exists()


def test_foreign_folder_is_one_line(tmp_path, capsys):
    (tmp_path / "thesis.tex").touch()
    assert run("simulate", "toy_example", "--out", str(tmp_path)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(ValueError, match="results folder"):
        run("report", "--from", str(tmp_path), "--debug")


def test_an_attack_keeps_its_best_problem_for_replay(tmp_path, capsys):
    assert (
        run("theory", "attack", "ft_ood_lower_bound", "--budget", str(PROBLEMS_PER_ROUND), "--out", str(tmp_path)) == 0
    )
    kept = tmp_path / "attacks" / "ft_ood_lower_bound-0.json"
    assert str(kept) in capsys.readouterr().out
    assert run("theory", "replay", str(kept), "--json") == 0
    replayed = json.loads(capsys.readouterr().out)
    assert replayed["replayed"] == replayed["kept"] < 1


def test_theory_list_prints_one_json_document(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("theory", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"name", "status", "source"} <= listed[0].keys()
    assert {one["status"] for one in listed} == {"not verified yet"}


def test_theory_verify_prints_one_json_document(capsys):
    assert run("theory", "verify", STATEMENT, "--examples", "5", "--json") == 0
    captured = capsys.readouterr()
    (found,) = json.loads(captured.out)
    assert {"name", "status", "checked", "violations", "smallest_slack", "seconds"} <= found.keys()
    # A slow machine is told how far it is, once a minute; nothing else may be said.
    assert [line for line in captured.err.splitlines() if not line.startswith("distort: after ")] == []


def test_status_of_a_verified_claim_is_remembered(finished, capsys):
    assert run("theory", "show", STATEMENT, "--from", str(finished), "--json") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "proved here and verified"


def test_benchmark_can_be_counted_and_collected(finished, capsys):
    assert run("bench", "status", "--from", str(finished), "--json") == 0
    counted = {one["work"]: one for one in json.loads(capsys.readouterr().out)["runs"]}
    assert {work: one["finished"] for work, one in counted.items()} == {
        "probe": 2, "description": 1, "FT (train)": 2, "LP-FT (eval)": 2
    }  # fmt: skip
    assert not any(one["diverged"] + one["damaged"] + one["missing"] for one in counted.values())
    assert run("bench", "collect", "--from", str(finished)) == 0
    assert "LP-FT" in capsys.readouterr().out


def test_one_figure_is_redrawn(results, capsys):
    assert run("figures", "side_by_side", "--from", str(results), "--force", "--json") == 0
    (stage,) = json.loads(capsys.readouterr().out)
    assert stage["built"]


@pytest.mark.parametrize("thoroughness", [(), ("--thorough",)])
def test_doctor_says_what_is_there(thoroughness, capsys):
    assert run("doctor", "--json", *thoroughness) == 0
    diagnosis = json.loads(capsys.readouterr().out)
    found = {one["name"]: one for one in diagnosis["findings"]}
    assert diagnosis["ready"]
    assert found["jax"]["found"]
    assert found["handwritten digits"]["found"]
    assert all(one["how"] for one in found.values() if not one["found"])


def test_doctor_sees_weights_that_are_cut_off(tmp_path, monkeypatch):
    shipped = doctor_files._shipped("empirical", "backbones", "small_resnet.safetensors")
    damaged = tmp_path / shipped.name
    monkeypatch.setattr(doctor_files, "_shipped", lambda *_: damaged)
    for kept in (4, 1000, -1):
        damaged.write_bytes(shipped.read_bytes()[:kept])
        with pytest.raises((ValueError, KeyError)):
            doctor_files.weights()
    damaged.write_bytes(shipped.read_bytes())
    assert "MB" in doctor_files.weights()


def test_names_keep_their_order_and_lose_repeats():
    assert known(["b", "a", "b"], ["a", "b"], kind="letter") == ("b", "a")
    assert chosen([], ["a", "b"], everything=True, kind="letter") == ("a", "b")


def test_name_unlike_any_other_gets_the_whole_list():
    with pytest.raises(UsageError, match="there are: a, b"):
        known(["zzz"], ["a", "b"], kind="letter")
    with pytest.raises(UsageError, match=r"there are none here"):
        known(["zzz"], [], kind="letter")
    with pytest.raises(UsageError, match=r"'zzz'; `distort letters` shows all 26\.$"):
        known(["zzz"], list("abcdefghijklmnopqrstuvwxyz"), kind="letter", listing="`distort letters`")


STATEMENT_NAMES = [statement.name for statement in STATEMENTS]
FIGURE_NAMES = [figure.name for figure in figures()]


@pytest.mark.parametrize(
    "valid", [STATEMENT_NAMES, FIGURE_NAMES, list(COMMANDS)], ids=["statement", "figure", "command"]
)
def test_a_slip_in_a_name_is_understood_and_another_word_is_not(valid):
    for name in valid:
        for slip in (name[1:], name[:-1], name[:2] + "x" + name[2:], name.replace("_", "-")):
            if slip not in valid:
                with pytest.raises(UsageError, match=rf"[ ,]{name}\b"):
                    known([slip], valid, kind="thing")
    for word in ("nonsense", "agreement", "theorem", "balance of trade", "rate", "accurate", "zzz", "x"):
        with pytest.raises(UsageError) as refused:
            known([word], valid, kind="thing")
        assert "nearest" not in str(refused.value), word


def test_part_of_a_name_gets_the_names_that_hold_it():
    with pytest.raises(UsageError, match="it is part of: ft_ood_lower_bound, ft_ood_lower_bound_as_printed"):
        known(["ft_ood"], STATEMENT_NAMES, kind="statement")


@pytest.mark.parametrize(
    "arguments",
    [
        ("theory", "list"),
        ("theory", "show", "ft_ood_lower_bound"),
        ("simulate", "list"),
        ("figures", "list"),
        ("bench", "datasets"),
        ("bench", "plan", "--suite", "paper"),
        ("bench", "plan", "--suite", "embedded"),
        ("doctor",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("width", [80, 120])
def test_answers_fit_the_terminal(arguments, width, capsys, monkeypatch):
    if "plan" in arguments and width < 100:
        pytest.skip("ten columns of numbers, in which nothing can be broken")
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    lines = [line for line in lines if "pip install" not in line]  # a command is whole, however long
    assert [line for line in lines if len(line) > width and len(line.split()) > 1] == []


def test_without_a_terminal_lines_have_the_width_of_a_page(monkeypatch):
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(sys, "__stdout__", None)
    assert line_width() == 120


def test_a_mistake_in_a_value_suggests_no_other_option(capsys):
    for arguments in (("theory", "verify", "balancedness", "--seed", "x"), ("bench", "miniature", "--nonsense")):
        assert run(*arguments) == 2
        assert "perhaps" not in capsys.readouterr().err


def test_json_refuses_what_json_cannot_spell():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"slack": float("nan")})


def test_a_table_is_broken_between_words_and_never_inside():
    wide = "x" * 300
    assert wide in table(("name",), [(wide,)])
    assert issubclass(command.UsageError, ValueError)


def test_a_table_that_is_too_wide_breaks_its_widest_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = table(("name", "what is said"), [("first", "word " * 20), ("second", "short")]).splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[0] == "name    what is said"
    assert [line for line in lines if line.startswith("second")] == ["second  short"]
    assert " ".join("\n".join(lines[1:-1]).split()) == "first " + ("word " * 20).strip()
