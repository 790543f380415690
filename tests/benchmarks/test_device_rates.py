"""Rates of devices: measured by the command for a GPU, shipped as data, looked up by `distort bench plan`."""

import json

import jax
import pytest

from artifacts import UserError
from benchmarks.gpu import device_rates as writing
from benchmarks.gpu.programs import Program
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting
from distort import __main__ as command_line
from empirical.benchmark import device_rates
from empirical.benchmark.cost import FORWARD_SHARE, Share
from empirical.benchmark.device_rates import DeviceRates, Rate, Shipped, device_hours, rate_of, read_rates
from empirical.benchmark.effort import Effort
from empirical.benchmark.suite import named_suite
from empirical.recipes import PAPER_RECIPES
from tests.support import ROOT

LIVING17 = PAPER_RECIPES["living17"]


def device(*rates: Rate, name: str = "Test device") -> DeviceRates:
    return DeviceRates(device=name, command="python -m test", revision="abc", versions={"jax": "1"}, rates=rates)


def rate(**changes) -> Rate:
    fields = {"backbone": "supervised_resnet50", "side": 224, "batch": 64, "precision": "float32"}
    return Rate(**{**fields, "images_per_second": 100.0, **changes})


def test_a_rate_holds_for_every_backbone_of_its_architecture_and_for_nothing_else():
    assert LIVING17.backbone.name == "moco_v2_resnet50"
    assert rate_of(LIVING17, device(rate())) == 100.0
    others = [{"backbone": "clip_resnet50"}, {"side": 192}, {"batch": 128}, {"precision": "bfloat16"}]
    for changes in others:
        assert rate_of(LIVING17, device(rate(**changes))) is None, changes
    remade = LIVING17.backbone.model_copy(update={"rematerialise": True})
    assert rate_of(LIVING17.model_copy(update={"backbone": remade}), device(rate())) is None


def test_hours_count_what_is_known_and_say_what_is_not():
    def share(recipe: str, *, finished: int = 0, known: bool = True) -> Share:
        effort = Effort(trained=360_000, passed=90_000) if known else None
        return Share(recipe, "FT (train)", 2, finished, effort, True, None, 0, 0.0, None)

    shares = [
        share("living17"), share("living17", known=False), share("domainnet"),
        share("living17", finished=2, known=False),
    ]  # fmt: skip
    (found,) = device_hours(shares, tuple(PAPER_RECIPES.values()), Shipped(devices=(device(rate()),)))
    assert found.hours == pytest.approx((360_000 + FORWARD_SHARE * 90_000) / 100 / 3600)
    assert found.unknown == 2
    assert found.source == "`python -m test` at revision abc"


def test_every_recipe_of_the_paper_is_measured():
    """What part 3 measures for `plan` is what the paper's recipes ask for."""
    from benchmarks.gpu.rates import waves

    programs = [one for wave in waves(small=False) for one in wave.programs if one.kind == "training step"]
    programs = [one for one in programs if one.network in writing.BACKBONES]
    rates = [
        rate(backbone=writing.BACKBONES[one.network], side=one.side, batch=one.batch, precision=one.precision)
        for one in programs
    ]
    for recipe in named_suite("paper").recipes:
        assert rate_of(recipe, device(*rates)) == 100.0, recipe.name


@pytest.mark.parametrize("folder", ["h100", "h200"])
def test_shipped_rates_are_the_measured_ones_and_give_hours_of_the_whole_paper(folder):
    (shipped,) = (one for one in read_rates().devices if folder in one.device.lower())
    measured = json.loads((ROOT / "benchmarks" / "results" / "gpu" / folder / "rates.json").read_bytes())
    assert measured["environment"]["devices"] == [f"gpu:{shipped.device}"]
    assert (measured["command"], measured["environment"]["git_revision"]) == (shipped.command, shipped.revision)
    names = {backbone: network for network, backbone in writing.BACKBONES.items()}
    for one in shipped.rates:
        program = Program(names[one.backbone], "training step", one.batch, one.precision, one.side)
        assert measured["measured"][program.name]["images_per_second"]["jax"] == pytest.approx(
            one.images_per_second, abs=0.06
        )
    for recipe in named_suite("paper").recipes:
        assert rate_of(recipe, shipped) is not None, recipe.name


def test_rates_are_written_as_they_are_measured_and_shipped_device_by_device(tmp_path, monkeypatch):
    setting = Setting(out=tmp_path, scratch=tmp_path, command="python -m benchmarks.gpu", revision="abc")
    rates = writing.Rates(Report(tmp_path / "rates.json", {}), setting)
    program = Program("resnet50", "training step", 64, "float32", 224)
    for one, images in (
        (program, 100.0),
        (program._replace(kind="forward"), 300.0),
        (program._replace(together=2), 150.0),
    ):
        rates.add(one, images)
    (measured,) = read_rates(tmp_path / "device_rates.json").devices
    assert measured.device == jax.devices()[0].device_kind
    assert measured.rates == (rate(),)
    later = writing.Rates(Report(tmp_path / "rates.json", {}), setting)
    later.add(program._replace(batch=256), 200.0)
    later.add(program, 100.0)
    assert read_rates(later.path).devices[0].rates == (rate(batch=256, images_per_second=200.0), rate())
    later.device = measured
    writing._write(later.path, Shipped(devices=(measured,)))
    shipped = tmp_path / "shipped.json"
    before = Shipped(devices=(device(name="Another"), device(rate(images_per_second=1.0), name=measured.device)))
    shipped.write_text(before.model_dump_json())
    monkeypatch.setattr(writing, "FILE", shipped)
    writing.ship(tmp_path / "device_rates.json")
    after = {one.device: one for one in read_rates(shipped).devices}
    assert after == {"Another": before.devices[0], measured.device: measured}


def test_a_file_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "rates.json").write_text('{"devices": [{"device": "X"}]}')
    with pytest.raises(UserError, match="must hold rates of devices"):
        read_rates(tmp_path / "rates.json")


@pytest.mark.parametrize("measured", [True, False])
def test_plan_says_hours_elsewhere_or_how_to_measure(tmp_path, monkeypatch, capsys, measured):
    file = tmp_path / "rates.json"
    devices = (device(rate(), name="Test device"),) if measured else ()
    file.write_text(Shipped(devices=devices).model_dump_json())
    monkeypatch.setattr(device_rates, "FILE", file)
    given = ["bench", "plan", "--suite", "paper", "--out", str(tmp_path / "results")]
    assert command_line.main(given) == 0
    text = capsys.readouterr().out
    assert ("On one Test device: " in text) == measured
    assert ("python -m benchmarks.gpu" in text) == (not measured)
    assert command_line.main([*given, "--json"]) == 0
    elsewhere = json.loads(capsys.readouterr().out)["elsewhere"]
    assert [one["device"] for one in elsewhere] == (["Test device"] if measured else [])
    assert all(one["hours"] > 0 for one in elsewhere)
