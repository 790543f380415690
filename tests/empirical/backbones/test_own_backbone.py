"""The example of a backbone of one's own: MobileNetV2 keeps the protocol, and its features are good on photographs."""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from artifacts import UserError
from empirical.backbones.backbone import Role
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.checkpoint_locations import CheckpointLocations
from empirical.backbones.loading import load

SHARED = Path(os.environ.get("DISTORT_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")
WEIGHTS, IMAGES = SHARED / "mobilenet_v2_imagenet.npz", SHARED / "office_caltech"
NEEDED = pytest.mark.skipif(
    not (WEIGHTS.is_file() and IMAGES.is_dir()),
    reason="needs mobilenet_v2_imagenet.npz and office_caltech in DISTORT_SHARED_DATA",
)


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory):
    """MobileNetV2's layers at an eighth of their widths."""
    draw = np.random.default_rng(0)
    arrays, place, width = {}, 0, 4

    def add(size, inputs, outputs):
        nonlocal place
        arrays[f"conv{place:02d}.weight"] = (draw.standard_normal((size, size, inputs, outputs)) / 4).astype(np.float32)
        arrays[f"conv{place:02d}.bias"] = draw.standard_normal(outputs).astype(np.float32)
        place += 1

    add(3, 3, width)
    for (expansion, count, _), outputs in zip(stages(), (2, 3, 4, 8, 12, 20, 40), strict=True):
        for _ in range(count):
            inner = expansion * width
            if expansion > 1:
                add(1, width, inner)
            add(3, 1, inner)
            add(1, inner, outputs)
            width = outputs
    add(1, width, 160)
    path = tmp_path_factory.mktemp("own") / "weights.npz"
    np.savez(path, **arrays)
    return path


def stages():
    from examples.mobilenet_v2 import STAGES

    return STAGES


def choice(weights):
    return BackboneChoice(name="examples.mobilenet_v2:mobilenet_v2", checkpoint=weights)


def test_it_keeps_the_protocol(small_weights):
    backbone = load(choice(small_weights), CheckpointLocations()).backbone
    assert (backbone.feature_dim, backbone.blocks, backbone.side) == (160, 18, None)
    roles = backbone.roles()
    assert roles.stem.kernel == Role("kernel", 0)
    assert roles.layers[16].project.bias == Role("kernel", 17)
    assert roles.last.kernel == Role("kernel", 18)
    drawn = jax.eval_shape(lambda key: backbone.reinitialised(key=key), jax.random.key(0))
    assert jax.tree.map(lambda leaf: leaf.shape, drawn) == jax.tree.map(jnp.shape, backbone)


def test_each_channel_alone_is_the_librarys_grouped_convolution():
    from examples.mobilenet_v2 import Convolution

    draw = np.random.default_rng(1)
    x = jnp.asarray(draw.standard_normal((2, 7, 7, 5)), jnp.float32)
    for stride in (1, 2):
        kernel = jnp.asarray(draw.standard_normal((3, 3, 1, 5)), jnp.float32)
        expected = jax.lax.conv_general_dilated(
            x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=5
        )
        np.testing.assert_allclose(Convolution(kernel, jnp.zeros(5), stride)(x), expected, atol=1e-5)


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_wrong_weights_are_refused(content, tmp_path):
    (tmp_path / "w.npz").write_bytes(content)
    for weights in (tmp_path / "w.npz", tmp_path / "none.npz"):
        with pytest.raises(UserError, match="must"):
            load(choice(weights), CheckpointLocations())


@NEEDED
@pytest.mark.slow
def test_a_linear_probe_from_amazon_is_right_nine_times_in_ten(capsys):
    from examples.office_probe import main

    main(WEIGHTS, IMAGES)
    accuracy = {line.split()[0]: float(line.split()[1]) for line in capsys.readouterr().out.splitlines()[1:]}
    assert accuracy["id_test"] > 0.9
    assert min(accuracy["caltech10"], accuracy["webcam"], accuracy["dslr"]) > 0.8
