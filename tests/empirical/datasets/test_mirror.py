"""Runs on a packed store are the runs on the files: the same names, the same pixels, the same numbers."""

import json

import numpy as np
import pytest
from PIL import Image

from artifacts import UserError
from artifacts.imports import reached
from artifacts.versions import ACCEPT
from distort.__main__ import main
from empirical.benchmark.suite_file import read_suite_file
from empirical.counted_code import entries, without
from empirical.datasets.catalogue import FAMILIES, family
from empirical.datasets.configuration import read_data
from empirical.datasets.locations import STORE_VARIABLE
from empirical.datasets.protocols import CLEAN, PAPER
from empirical.datasets.reading import read_dataset
from empirical.store import Form, epoch_batches, order, pack_family
from empirical.store.mirror import Mirror
from tests.support.executed import Executed

CIFAR10_AND_PHOTOGRAPHS = ("cifar10", "living17")


def quietly(message: str, fraction: float) -> None:
    pass


@pytest.mark.parametrize("name", CIFAR10_AND_PHOTOGRAPHS)
@pytest.mark.parametrize("protocol", [PAPER, CLEAN], ids=lambda one: one.name)
def test_every_set_has_the_names_and_pixels_of_its_files(name, protocol, data, tmp_path):
    one = next(each for each in FAMILIES if each.name == name)
    pack_family(one, data.locations, tmp_path, progress=quietly)
    files = read_dataset(one, data.locations, protocol=protocol)
    stored = read_dataset(one, data.locations.model_copy(update={"store": tmp_path}), protocol=protocol)
    for before, after in zip(files.sets, stored.sets, strict=True):
        assert isinstance(after.images, Mirror)
        assert (after.name, after.fingerprint, after.valid_labels) == (
            before.name, before.fingerprint, before.valid_labels
        )  # fmt: skip
        chosen = order(len(before), seed=0, epoch=0)[:24]
        for ours, theirs in zip(
            epoch_batches(after, chosen, 8), epoch_batches(before, chosen, 8), strict=True
        ):  # fmt: skip
            for field in range(4):
                np.testing.assert_array_equal(ours[field], theirs[field])


@pytest.fixture
def mixed(tmp_path):
    """Pictures of the user's own: JPEGs, which a store keeps as they are, and PNGs, which it would spoil."""
    draw = np.random.default_rng(0)
    for folder, count in (("home", 12), ("away", 3)):
        for label, name in enumerate(("cat", "dog")):
            (tmp_path / folder / name).mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(0, 200, (32, 32, 3), dtype=np.uint8) + np.uint8(50 * label)
                kind = "png" if number % 3 == 0 else "jpg"
                Image.fromarray(pixels).save(tmp_path / folder / name / f"{number}.{kind}")
    (tmp_path / "suite.toml").write_text(
        '[datasets.own]\ntraining = { folder = "home" }\n[datasets.own.ood]\nother = { folder = "away" }\n'
        '[recipes.own]\nbackbone = "small_resnet"\nmethods = [{ method = "FT (eval)", learning_rates = [0.001] }]\n'
        "epochs = 1\nbatch_size = 8\nseeds = [0]\nside = 32\ndescribe = false\nprobe = { penalties = [0.01, 0.1] }\n"
    )
    return tmp_path


def test_an_image_that_the_store_would_spoil_is_read_from_its_file(mixed):
    data = read_data(mixed / "suite.toml")
    own = family("own", data.families)
    pack_family(own, data.locations, mixed / "packed", form=Form(codec="jpeg"), progress=quietly)
    files = read_dataset(own, data.locations)
    stored = read_dataset(own, data.locations.model_copy(update={"store": mixed / "packed"}))
    for before, after in zip(files.sets, stored.sets, strict=True):
        for index in range(len(before)):
            np.testing.assert_array_equal(after.images[index], before.images[index])
    kept = stored.ood[0].images.opened.kept
    assert kept.tolist() == [False, True, True] * 2


def run(folder, *more: str, capsys) -> tuple[int, str, str]:
    status = main(["bench", "run", "--suite", str(folder / "suite.toml"), *more])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_run_on_the_store_is_the_run_on_the_files(mixed, capsys):
    data = read_data(mixed / "suite.toml")
    pack_family(family("own", data.families), data.locations, mixed / "packed", progress=quietly)
    status, said, error = run(mixed, "--out", str(mixed / "a"), capsys=capsys)
    assert (status, "packed store" in said) == (0, False), error
    # On the same results nothing is left to do; in a folder of its own the numbers come out the same.
    status, said, error = run(mixed, "--out", str(mixed / "a"), "--store", str(mixed / "packed"), capsys=capsys)
    assert (status, f"Images of own are read from the packed store {mixed / 'packed'}." in said) == (0, True), error
    assert "0 made" in said or "up to date" in said
    with Executed() as executed:
        status, said, error = run(mixed, "--out", str(mixed / "b"), "--store", str(mixed / "packed"), capsys=capsys)
    assert (status, "packed store" in said) == (0, True), error
    reading = {name for name in executed.modules if name.startswith("empirical.store.")}
    assert "empirical.store.mirror" in reading
    recipe = read_suite_file(mixed / "suite.toml").recipes[0]
    for kind in ("probe", "training"):
        counted = reached(*entries(kind, recipe), without=tuple(sorted(without(kind)))).names
        assert reading <= {*counted, *without(kind)}, f"{kind} runs code whose changes would go unnoticed"
    first, second = (json.loads((mixed / out / "benchmark" / "benchmark.json").read_text()) for out in "ab")
    assert first["rows"] == second["rows"]


def test_a_store_of_other_images_or_sizes_is_refused(mixed):
    data = read_data(mixed / "suite.toml")
    own = family("own", data.families)
    stored = data.locations.model_copy(update={"store": mixed / "packed"})
    pack_family(own, data.locations, mixed / "packed", progress=quietly)
    (mixed / "home" / "cat" / "100.png").write_bytes((mixed / "home" / "cat" / "0.png").read_bytes())
    with pytest.raises(UserError, match="but they have changed since; `distort bench pack` packs them again"):
        read_dataset(own, stored)
    form = Form(codec="jpeg", resize="square", side=16)
    pack_family(own, data.locations, mixed / "packed", form=form, progress=quietly)
    with pytest.raises(UserError, match="pack without --resize"):
        read_dataset(own, stored)


@pytest.mark.parametrize(
    ("codec", "changed", "message"),
    [
        ("jpeg", {"code": "of old"}, "its code differs; `distort bench pack` packs it again"),
        ("raw", {"code": ""}, "its code differs"),
        ("raw", {"versions": {"Pillow": "1.0"}}, "Pillow was 1.0, is "),
        ("jpeg", {"versions": {}}, ""),  # kept as they came: what decodes them is a matter of the run
    ],
)
def test_a_store_that_was_packed_otherwise_is_refused_and_packed_again(mixed, monkeypatch, codec, changed, message):
    data = read_data(mixed / "suite.toml")
    own, packed = family("own", data.families), mixed / "packed"
    stored = data.locations.model_copy(update={"store": packed})
    form = Form(codec=codec)
    pack_family(own, data.locations, packed, form=form, progress=quietly)
    content = packed / "own" / "id_test" / "store.json"
    before = json.loads(content.read_text())
    content.write_text(json.dumps(before | changed))
    if message:
        with pytest.raises(UserError, match=message):
            read_dataset(own, stored)
    if "versions" in changed:
        monkeypatch.setenv(ACCEPT, "1")
        read_dataset(own, stored)
        monkeypatch.delenv(ACCEPT)
    pack_family(own, data.locations, packed, form=form, progress=quietly)
    assert json.loads(content.read_text()) == before
    read_dataset(own, stored)


def test_a_store_is_found_like_the_data(mixed, monkeypatch):
    assert read_data(root=mixed).locations.store is None
    (mixed / "packed").mkdir()
    assert read_data(root=mixed).locations.store == mixed / "packed"
    (mixed / "fast").mkdir()
    (mixed / "data.toml").write_text('store = "fast"\n')
    assert read_data(mixed / "data.toml", root=mixed).locations.store == mixed / "fast"
    monkeypatch.setenv(STORE_VARIABLE, str(mixed / "none"))
    with pytest.raises(UserError, match="packed store must be a folder"):
        read_data(root=mixed)
    assert read_data(root=mixed, store=mixed / "fast").locations.store == mixed / "fast"
