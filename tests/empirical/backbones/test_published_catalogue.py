"""Published checkpoints are found where the catalogue says, checked, and converted once."""

import json
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from artifacts import UserError
from artifacts.files import digest_of
from empirical.backbones import loading
from empirical.backbones.catalogue import BackboneChoice, feature_dim, published
from empirical.backbones.checkpoint_locations import CheckpointLocations, checkpoint_locations
from empirical.backbones.checkpoints import name_at, read_provenance, weights_fingerprint
from empirical.backbones.conversion import convert
from empirical.backbones.loading import fresh, load
from empirical.backbones.published import BY_NAME, PUBLISHED, WeightsFile
from empirical.backbones.published_checksums import agrees
from empirical.backbones.resnet import ResNet
from empirical.backbones.resnet_names import MOCO
from empirical.backbones.sizes import ResNetSize
from tests.support.published_files import KEY, MOCO_EXTRA, RESNET, outside


@pytest.fixture
def moco(monkeypatch, legacy_file, tmp_path):
    """A catalogue whose MoCo is narrow and whose published checksum is that of a file written here."""
    file = tmp_path / "places" / "moco_v2_800ep_pretrain.pth.tar"
    file.parent.mkdir()
    legacy_file(file, {**outside(RESNET, MOCO), **MOCO_EXTRA})
    one = replace(
        published("moco_v2_resnet50"),
        size=ResNetSize((1, 1), 4),
        files=(WeightsFile(file.name, "an address", sha256=digest_of(file)),),
    )
    monkeypatch.setitem(BY_NAME, one.name, one)
    return one, file


CHOICE = BackboneChoice(name="moco_v2_resnet50")


def test_a_checkpoint_is_found_checked_and_named_by_its_weights(moco):
    one, file = moco
    loaded = load(CHOICE, CheckpointLocations(folder=file.parent))
    assert eqx.tree_equal(loaded.backbone, RESNET)
    assert loaded.fingerprint == weights_fingerprint(RESNET)
    assert loaded.provenance["source_sha256"] == one.files[0].sha256
    assert loaded.provenance["published_checksum_agrees"] is True
    assert loaded.provenance["container"] == "torch legacy"
    json.dumps(loaded.provenance)


def test_it_may_lie_elsewhere(moco, tmp_path):
    one, file = moco
    elsewhere = file.rename(tmp_path / "other.tar")
    for choice, locations in (
        (CHOICE.model_copy(update={"checkpoint": elsewhere}), CheckpointLocations()),
        (CHOICE, CheckpointLocations(files={one.name: elsewhere})),
    ):
        assert eqx.tree_equal(load(choice, locations).backbone, RESNET)


def test_what_is_not_there_is_said_to_be_missing_where(moco, tmp_path):
    with pytest.raises(UserError, match=r"moco_v2_resnet50 needs its weights in .*moco_v2_800ep_pretrain.pth.tar"):
        load(CHOICE, CheckpointLocations(folder=tmp_path))
    with pytest.raises(UserError, match="DISTORT_CHECKPOINTS"):
        load(CHOICE, CheckpointLocations())


def test_a_file_that_is_not_the_published_one_is_refused(moco, legacy_file):
    _, file = moco
    legacy_file(file, outside(ResNet((1, 1), 4, key=jax.random.key(1)), MOCO))
    with pytest.raises(UserError, match="published checksum"):
        load(CHOICE, CheckpointLocations(folder=file.parent))
    loaded = load(CHOICE.model_copy(update={"checkpoint": file}), CheckpointLocations())
    assert loaded.provenance["published_checksum_agrees"] is False


def test_conversion_keeps_weights_and_provenance_and_is_found_first(moco, monkeypatch):
    one, file = moco
    locations = CheckpointLocations(folder=file.parent)
    before = load(CHOICE, locations)
    target = convert(one.name, locations)
    assert read_provenance(target) == before.provenance
    monkeypatch.setattr(loading, "translated", None)  # the source is not read again
    file.unlink()
    after = load(CHOICE, locations)
    assert after.fingerprint == before.fingerprint
    assert after.provenance == before.provenance
    assert not list(file.parent.glob(".partial*"))
    with pytest.raises(UserError, match="got moco_v2_resnet50"):
        load(BackboneChoice(name="moco_v1_resnet50", checkpoint=target), locations)


def test_conversion_needs_a_source_and_a_folder(moco, tmp_path):
    with pytest.raises(UserError, match="no folder is named"):
        convert("moco_v2_resnet50", CheckpointLocations())
    with pytest.raises(UserError, match="needs its weights"):
        convert("moco_v2_resnet50", CheckpointLocations(folder=tmp_path))


def test_computing_in_16_bits_reads_the_same_weights(moco, monkeypatch):
    monkeypatch.setattr(loading, "wrong_in_bfloat16", lambda: "")  # nothing is computed here
    _, file = moco
    locations = CheckpointLocations(folder=file.parent)
    half = load(CHOICE.model_copy(update={"compute": "bfloat16"}), locations)
    assert half.backbone.compute_dtype == jnp.bfloat16
    assert half.fingerprint == load(CHOICE, locations).fingerprint


def test_places_come_from_the_environment_else_from_the_data(monkeypatch, tmp_path):
    monkeypatch.delenv("DISTORT_CHECKPOINTS", raising=False)
    assert checkpoint_locations(tmp_path).folder == tmp_path / "checkpoints"
    assert checkpoint_locations().folder is None
    monkeypatch.setenv("DISTORT_CHECKPOINTS", str(tmp_path))
    assert checkpoint_locations(tmp_path / "data").folder == tmp_path


def test_checksums_may_be_published_in_part(tmp_path):
    path = tmp_path / "w"
    path.write_bytes(b"weights")
    sha256 = digest_of(path)
    assert agrees(path, WeightsFile("w", "", sha256=sha256[:8]), sha256)
    assert agrees(path, WeightsFile("w", "", md5=digest_of(path, "md5")[:8]), sha256)
    assert not agrees(path, WeightsFile("w", "", md5="00000000"), sha256)


def test_the_catalogue_covers_the_papers_recipes():
    needed = {dataset for one in PUBLISHED for dataset in one.needed_by}
    assert {"living17", "entity30", "domainnet", "cifar10", "fmow", "imagenet"} <= needed
    assert all(one.licence and one.files for one in PUBLISHED)


@pytest.mark.parametrize("name", [*BY_NAME, "small_resnet"])
def test_every_entry_is_built_and_is_of_the_size_that_it_says(name):
    network = eqx.filter_eval_shape(lambda key: fresh(BackboneChoice(name=name), key=key), KEY)
    assert network.feature_dim == feature_dim(BackboneChoice(name=name))
    if name in BY_NAME:
        arrays = {name_at(path) for path, _ in jax.tree_util.tree_leaves_with_path(network)}
        assert (network.size, network.side) == (BY_NAME[name].size, BY_NAME[name].size.side)
        for dialect in BY_NAME[name].dialects:
            assert dialect.origins(BY_NAME[name].size).keys() == arrays


@pytest.mark.parametrize(
    ("name", "known"),
    [("resnet51", "the nearest: resnet50"), ("moco", "clip_vit_b16, .*small_resnet"), ("", "resnet50")],
)
def test_unknown_names_are_refused_with_the_nearest_or_all(name, known):
    with pytest.raises(UserError, match=known):
        load(BackboneChoice(name=name), CheckpointLocations())


@pytest.mark.parametrize("change", [{"compute": "bfloat16"}, {"rematerialise": True}, {"options": {"a": 1}}])
def test_the_small_network_has_no_options(change):
    with pytest.raises(UserError, match="small_resnet must leave"):
        fresh(BackboneChoice(name="small_resnet", **change), key=KEY)
