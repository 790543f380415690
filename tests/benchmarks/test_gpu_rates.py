"""Part 3 on a CPU, small: rates of both libraries in turn, a profile, and the rates that are shipped."""

import importlib.util
import json
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import pytest

from benchmarks.gpu import programs, rates
from benchmarks.gpu.device_rates import read_rates
from benchmarks.gpu.profile import profiled
from benchmarks.gpu.programs import Program, training_step
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting
from empirical.backbones import normalisation
from tests.support.tiny_network import START, examples

#: Float32 sums in another order.
ROUNDING = 1e-5


@pytest.fixture
def setting(tmp_path) -> Setting:
    return Setting(out=tmp_path, scratch=tmp_path, command="python -m benchmarks.gpu", small=True)


@contextmanager
def refusing():
    raise NotImplementedError("not on this device")
    yield


@pytest.mark.slow
def test_rates_of_a_small_transformer(setting, monkeypatch):
    step = Program("clip_vit_b16", "training step", 2, "bfloat16", 32)
    two = step._replace(together=2)
    tried = step._replace(variant="refused")
    monkeypatch.setitem(programs.VARIANTS, "refused", refusing)
    one = frozenset([step])
    monkeypatch.setattr(
        rates, "waves", lambda *, small: [rates.Wave("training", (step, two, tried), 60, beside=one, profiled=one)]
    )
    report = Report(setting.out / "rates.json", {}, ends=setting.ends)
    rates.measure(report, setting)
    document = json.loads((setting.out / "rates.json").read_bytes())
    assert document["failed"] == {}
    row = document["measured"][step.name]
    assert row["images_per_second"]["jax"] > 0
    assert row["jax_bytes"] > 0
    assert row["teraflops"] > 0
    if all(importlib.util.find_spec(name) for name in ("torch", "clip")):
        assert row["times_pytorch"] == pytest.approx(
            row["images_per_second"]["jax"] / row["images_per_second"]["pytorch"]
        )
        assert document["left_out"] == {}
    else:
        assert "not installed" in document["left_out"][f"PyTorch: {step.name}"]
        assert report.finish() == 1
    assert document["measured"][f"profile: {step.name}"]["by_kind"]["matrix product"] > 0
    assert document["measured"][two.name]["times_alone"] > 0
    assert document["measured"][tried.name] == {"refused": "NotImplementedError: not on this device"}
    (shipped,) = read_rates(setting.out / "device_rates.json").devices
    assert [(one.backbone, one.side, one.batch, one.precision) for one in shipped.rates] == [
        ("clip_vit_b16", 32, 2, "bfloat16")
    ]


def test_runs_side_by_side_take_the_steps_of_a_run_alone():
    data = examples(8)
    images, labels = data.images.reshape(2, 4, *data.images.shape[1:]), data.labels.reshape(2, 4)
    state, step = training_step(START)
    alone = [float(step((images[run], labels[run]), jax.tree.map(jnp.copy, state))[1]) for run in (0, 1)]
    state, step = training_step(START, 2, "vmap")
    assert step((images, labels), state)[1].tolist() == pytest.approx(alone, rel=ROUNDING)
    state, step = training_step(START, 2, "unrolled")
    assert [float(loss) for _, loss in step((images, labels), state)] == pytest.approx(alone, rel=ROUNDING)


def test_norms_in_one_pass_take_the_same_step(monkeypatch):
    data = examples(8)
    state, step = training_step(START)
    after, loss = step((data.images, data.labels), state)
    monkeypatch.setattr(normalisation, "_read_twice", normalisation._read_once)  # what an accelerator does
    state, step = training_step(START)
    there, other = step((data.images, data.labels), state)
    assert float(other) == pytest.approx(float(loss), rel=ROUNDING)
    for one, two in zip(jax.tree.leaves(after), jax.tree.leaves(there), strict=True):
        assert jnp.linalg.norm(one - two) <= 10 * ROUNDING * (jnp.linalg.norm(one) + 1e-3)


def test_a_later_call_times_what_its_programs_are_held_against(setting):
    one = Program("resnet50", "training step", 2, "bfloat16", 32)
    wave = rates.Wave("together", (one._replace(together=2), one._replace(together=4)), 1)
    assert rates._against(wave, rates.Timing(1, 1)) == [one]
    assert rates._against(wave, rates.Timing(1, 1, {one: 1.0})) == []


def test_a_profile_without_operations_says_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.gpu.profile._spent", lambda planes: {})
    with pytest.raises(RuntimeError, match="must show operations of the device, but its lines are"):
        profiled(lambda steps: jnp.zeros(3).block_until_ready(), tmp_path)
