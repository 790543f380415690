"""Part 3 on a CPU, small: rates of both libraries in turn, a profile, and the rates that are shipped."""

import importlib.util
import json

import jax
import jax.numpy as jnp
import pytest

from benchmarks.gpu import rates
from benchmarks.gpu.device_rates import read_rates
from benchmarks.gpu.profile import profiled
from benchmarks.gpu.programs import Program, network_of, training_step
from benchmarks.gpu.report import Report
from benchmarks.gpu.setting import Setting
from empirical.backbones.classifier import Classifier, random_head

#: Float32 sums in another order.
ROUNDING = 1e-5


@pytest.fixture
def setting(tmp_path) -> Setting:
    return Setting(out=tmp_path, scratch=tmp_path, command="python -m benchmarks.gpu", small=True)


def test_rates_of_a_small_transformer(setting, monkeypatch):
    monkeypatch.setattr(rates, "COMPARED", ("clip_vit_b16",))
    step = Program("clip_vit_b16", "training step", 2, "bfloat16", 32)
    two = step._replace(together=2)
    found = [
        rates.Phase("training", (step,), 60, beside=True, profile=True),
        rates.Phase("several runs together", (two,), 50),
    ]
    monkeypatch.setattr(rates, "phases", lambda *, small: found)
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
    (shipped,) = read_rates(setting.out / "device_rates.json").devices
    assert [(one.backbone, one.side, one.batch, one.precision) for one in shipped.rates] == [
        ("clip_vit_b16", 32, 2, "bfloat16")
    ]


@pytest.mark.parametrize("way", ["vmap", "unrolled"])
def test_runs_side_by_side_take_the_steps_of_a_run_alone(way):
    network = network_of("clip_vit_b16", 32, "float32")
    classifier = Classifier(network, random_head(5, network.feature_dim, key=jax.random.key(0)))
    images = jax.random.uniform(jax.random.key(1), (2, 4, 32, 32, 3), jnp.float32)
    labels = jnp.array([[0, 1, 2, 3], [4, 3, 2, 1]], jnp.int32)
    losses = []
    for shown, truth in zip(images, labels, strict=True):
        state, step = training_step(classifier)
        losses.append(float(step((shown, truth), state)[1]))
    state, step = training_step(classifier, 2, way)
    found = step((images, labels), state)
    together = [float(loss) for _, loss in found] if way == "unrolled" else found[1].tolist()
    assert together == pytest.approx(losses, rel=ROUNDING)


def test_a_profile_without_operations_says_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.gpu.profile._spent", lambda planes: {})
    with pytest.raises(RuntimeError, match="must show operations of the device, but its lines are"):
        profiled(lambda steps: jnp.zeros(3).block_until_ready(), tmp_path)
