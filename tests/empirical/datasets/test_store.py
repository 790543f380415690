"""A store gives back what was packed, is never seen half, and is read in an order that seed and epoch fix."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artifacts import DamagedArtifact, UserError
from empirical.datasets.catalogue import family
from empirical.datasets.families.cifar import CIFAR10
from empirical.datasets.families.domainnet import DOMAINNET
from empirical.datasets.image_sets import ImageFiles, ImageSet
from empirical.datasets.locations import Locations
from empirical.datasets.protocols import CLEAN, PAPER
from empirical.datasets.reading import read_dataset, read_part
from empirical.store import Form, epoch_batches, open_store, order, pack, pack_family, packed_dataset, verify_store
from empirical.store.batches import decoding_threads
from empirical.store.encoding import resized

RAW, JPEG = Form(codec="raw"), Form(codec="jpeg")
# Two decoders of the same JPEG may round a sample differently; re-encoding at quality 95 loses a little more.
DECODER_LEVELS = 1
REENCODED_MEAN = 3


def _pack(images, folder, form, **options):
    return pack(images, folder, form, classes=("a", "b"), **options)


def test_raw_stores_give_back_every_pixel(tmp_path, data):
    images = read_part(CIFAR10, CIFAR10.training, data.locations)
    _pack(images, tmp_path / "store", RAW, shard_images=300)
    found = open_store(tmp_path / "store").image_set()
    assert len(open_store(tmp_path / "store").store.shards) == 3
    np.testing.assert_array_equal(found.labels, images.labels)
    for index in (0, 299, 300, 799):
        np.testing.assert_array_equal(found.images[index], images.images[index])
    chosen = np.array([799, 0, 301, 300, 5])
    np.testing.assert_array_equal(found.images.gather(chosen), np.stack([images.images[i] for i in chosen.tolist()]))


def test_jpeg_stores_keep_the_files_bytes(tmp_path, data):
    images = read_part(DOMAINNET, DOMAINNET.reported, data.locations)
    _pack(images, tmp_path / "store", JPEG, shard_images=50, workers=2)
    opened = open_store(tmp_path / "store")
    stored = b"".join((tmp_path / "store" / shard.name / "images.bin").read_bytes() for shard in opened.store.shards)
    assert stored == b"".join(images.images.path(index).read_bytes() for index in range(len(images)))
    found = opened.image_set()
    for index in (0, 49, 50, len(images) - 1):
        gap = np.abs(found.images[index].astype(int) - images.images[index])
        assert gap.max() <= DECODER_LEVELS
    assert opened.extents.tolist() == [list(images.images[i].shape[:2]) for i in range(len(images))]


def test_a_store_can_hold_a_larger_side_and_says_what_that_does(tmp_path, data):
    images = read_part(DOMAINNET, DOMAINNET.reported, data.locations).subset(np.arange(5), name="few")
    form = Form(codec="jpeg", resize="short_side", side=96)
    _pack(images, tmp_path / "store", form)
    opened = open_store(tmp_path / "store")
    assert "before cropping" in opened.store.form.note
    found = opened.image_set()
    for index in range(5):
        assert min(found.images[index].shape[:2]) == 96
        expected = resized(images.images[index], form)
        assert np.abs(found.images[index].astype(int) - expected).mean() < REENCODED_MEAN
    square = Form(codec="raw", resize="square", side=40)
    _pack(images, tmp_path / "square", square)
    assert open_store(tmp_path / "square").image_set().images[3].shape == (40, 40, 3)


def test_forms_that_contradict_themselves_are_refused():
    for wrong in (
        {"codec": "raw", "resize": "short_side", "side": 9},
        {"codec": "jpeg", "side": 9},
        {"codec": "jpeg", "resize": "square"},
    ):
        with pytest.raises(ValueError, match="side"):
            Form(**wrong)


def test_raw_needs_one_shape(tmp_path, data):
    images = read_part(DOMAINNET, DOMAINNET.reported, data.locations)
    with pytest.raises(UserError, match=r"sketch_\d+_\d+.jpg must be .* like the first image"):
        _pack(images, tmp_path / "store", RAW)
    with pytest.raises(UserError, match="complete store"):
        open_store(tmp_path / "store")


def test_odd_images_are_packed_as_rgb(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(pixels).resize((4, 4)).resize((50, 40), Image.Resampling.BICUBIC))
    names = ("grey.jpg", "cmyk.jpg", "alpha.png")
    for name, mode in zip(names, ("L", "CMYK", "RGBA"), strict=True):
        Image.fromarray(smooth).convert(mode).save(tmp_path / name)
    images = ImageSet(name="odd", images=ImageFiles(tmp_path, names), labels=np.zeros(3, np.int32))
    _pack(images, tmp_path / "store", JPEG)
    found = open_store(tmp_path / "store").image_set()
    for index in range(3):
        assert np.abs(found.images[index].astype(int) - images.images[index]).mean() < REENCODED_MEAN


def test_a_broken_image_is_named_and_there_is_no_store(tmp_path, data):
    images = read_part(DOMAINNET, DOMAINNET.reported, data.locations)
    good = images.images.path(0).read_bytes()
    for name, content in (("a.jpg", good), ("b.jpg", good[:100])):
        (tmp_path / name).write_bytes(content)
    broken = ImageSet(name="x", images=ImageFiles(tmp_path, ("a.jpg", "b.jpg")), labels=np.zeros(2, np.int32))
    with pytest.raises(UserError, match=r"b.jpg must be a whole image"):
        _pack(broken, tmp_path / "store", JPEG, shard_images=1)
    with pytest.raises(UserError, match="complete store"):
        open_store(tmp_path / "store")
    (tmp_path / "b.jpg").write_bytes(good)
    _pack(broken, tmp_path / "store", JPEG, shard_images=1)
    assert len(open_store(tmp_path / "store").image_set()) == 2


def test_a_second_packing_does_nothing_and_changed_images_are_packed_again(tmp_path, data):
    images = read_part(CIFAR10, CIFAR10.reported, data.locations)
    _pack(images, tmp_path / "store", RAW)
    payload = tmp_path / "store" / "shard-00000" / "pixels.bin"
    before = payload.stat().st_mtime_ns
    _pack(images, tmp_path / "store", RAW)
    assert payload.stat().st_mtime_ns == before
    _pack(images.subset(np.arange(100), name="id_test"), tmp_path / "store", RAW)
    assert len(open_store(tmp_path / "store").image_set()) == 100


def test_damage_is_found(tmp_path, data):
    images = read_part(CIFAR10, CIFAR10.reported, data.locations)
    _pack(images, tmp_path / "store", RAW)
    payload = tmp_path / "store" / "shard-00000" / "pixels.bin"
    content = bytearray(payload.read_bytes())
    content[1000] ^= 1
    payload.write_bytes(bytes(content))
    open_store(tmp_path / "store")
    with pytest.raises(DamagedArtifact, match="differs"):
        verify_store(tmp_path / "store")
    payload.write_bytes(bytes(content[:-1]))
    with pytest.raises(DamagedArtifact, match="cut short"):
        open_store(tmp_path / "store")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_packing_leaves_no_store_and_no_process_and_continues(tmp_path, miniature, workers):
    """Killed after its first shard; then whole, with that shard as it was."""
    script = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from empirical.datasets.catalogue import family
        from empirical.datasets.reading import read_part
        from empirical.datasets.locations import Locations
        from empirical.store import Form, pack
        def slowly(message, fraction):
            time.sleep(0.2)
        if __name__ == "__main__":
            one = family("domainnet")
            images = read_part(one, one.reported, Locations(root=Path({str(miniature)!r})))
            out = Path({str(tmp_path / "store")!r})
            form = Form(codec="jpeg")
            pack(images, out, form, classes=("a",), shard_images=10, workers={workers}, progress=slowly)
        """
    )
    (tmp_path / "script.py").write_text(script)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen([sys.executable, tmp_path / "script.py"], env=environment, start_new_session=True)
    shards = tmp_path / "store"
    _wait(lambda: any(shards.glob("shard-*/manifest.json")))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _wait(lambda: not _alive(process.pid))
    with pytest.raises(UserError, match="complete store"):
        open_store(shards)
    stamps = {path: path.stat().st_mtime_ns for path in shards.glob("shard-*/manifest.json")}
    one = family("domainnet")
    images = read_part(one, one.reported, Locations(root=miniature))
    _pack(images, shards, JPEG, shard_images=10)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert len(verify_store(shards).shards) > len(stamps)
    assert not list(shards.glob(".partial-*"))


def _wait(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _alive(group: int) -> list[int]:
    """Processes of a group that still run; Linux says so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it has just ended
        if int(member) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize(("form", "limit"), [(RAW, 200_000), (JPEG, 50_000)], ids=["raw", "jpeg"])
def test_a_disk_that_fills_up_is_one_clear_line_and_nothing_half_written(tmp_path, data, full_disk, form, limit):
    images = read_part(CIFAR10, CIFAR10.reported, data.locations)
    with (
        full_disk(limit),
        pytest.raises(UserError, match=r"store must be writable, but .* it continues"),
    ):
        _pack(images, tmp_path / "store", form)
    assert not [path for path in (tmp_path / "store").iterdir() if not path.name.endswith(".lock")]
    _pack(images, tmp_path / "store", form)
    assert len(verify_store(tmp_path / "store").shards) == 1


def test_a_full_disk_says_so(tmp_path, data, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("empirical.store.packing.publish", full)
    images = read_part(CIFAR10, CIFAR10.reported, data.locations)
    with pytest.raises(UserError, match="No space left on device; free some space and pack again"):
        _pack(images, tmp_path / "store", RAW)


def test_two_packings_at_once_do_not_wait_for_each_other(tmp_path, data):
    images = read_part(CIFAR10, CIFAR10.reported, data.locations)
    with FileLock(tmp_path / ".store.lock"), pytest.raises(UserError, match="another process is packing it"):
        _pack(images, tmp_path / "store", RAW)


@given(st.integers(1, 300), st.integers(0, 2**32), st.integers(0, 1000))
def test_the_order_is_a_permutation_that_seed_and_epoch_fix(count, seed, epoch):
    first = order(count, seed=seed, epoch=epoch)
    np.testing.assert_array_equal(np.sort(first), np.arange(count))
    np.testing.assert_array_equal(first, order(count, seed=seed, epoch=epoch))


@pytest.mark.parametrize(("share", "threads"), [("1", 2), ("5", 5), ("64", 8)])
def test_as_many_threads_decode_as_a_process_has_processors(monkeypatch, share, threads):
    monkeypatch.setenv("NPROC", share)
    assert decoding_threads() == threads


def test_epochs_differ():
    assert not np.array_equal(order(100, seed=0, epoch=0), order(100, seed=0, epoch=1))


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_an_epoch_resumes_in_its_middle(tmp_path, data, codec):
    part, one = (CIFAR10.reported, CIFAR10) if codec == "raw" else (DOMAINNET.reported, DOMAINNET)
    images = read_part(one, part, data.locations)
    _pack(images, tmp_path / "store", Form(codec=codec))
    stored = open_store(tmp_path / "store").image_set()
    visits = order(len(stored), seed=1, epoch=2)
    whole = list(epoch_batches(stored, visits, 48))
    rest = list(epoch_batches(stored, visits, 48, first=2, threads=1, ahead=0))
    assert sum(len(batch.labels) for batch in whole) == len(images)
    for batch, again in zip(whole[2:], rest, strict=True):
        for array, other in zip(batch, again, strict=True):
            np.testing.assert_array_equal(array, other)
    for place in (0, 7):
        height, width = whole[0].extents[place]
        np.testing.assert_array_equal(whole[0].images[place, :height, :width], stored.images[int(visits[place])])
        assert whole[0].labels[place] == images.labels[visits[place]]


def test_unpacked_images_come_in_the_same_batches(tmp_path, data):
    images = read_part(CIFAR10, CIFAR10.reported, data.locations)
    _pack(images, tmp_path / "store", RAW)
    stored = open_store(tmp_path / "store").image_set()
    visits = order(len(images), seed=0, epoch=0)
    for one, other in zip(epoch_batches(images, visits, 64), epoch_batches(stored, visits, 64), strict=True):
        np.testing.assert_array_equal(one.images, other.images)


@pytest.mark.parametrize("protocol", [PAPER, CLEAN], ids=lambda one: one.name)
def test_a_packed_data_set_is_the_same_data_set(tmp_path, data, protocol):
    pack_family(CIFAR10, data.locations, tmp_path, progress=lambda message, fraction: None)
    packed = packed_dataset(tmp_path, "cifar10", protocol=protocol)
    plain = read_dataset(CIFAR10, data.locations, protocol=protocol)
    assert (packed.classes, packed.miniature, packed.protocol) == (plain.classes, True, protocol.name)
    for one, other in zip(packed.sets, plain.sets, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.labels, other.labels)
        for index in (0, len(one) - 1):
            np.testing.assert_array_equal(one.images[index], other.images[index])
    (tmp_path / "cifar10" / "stl10" / "store.json").unlink()
    with pytest.raises(UserError, match="must hold a complete store"):
        packed_dataset(tmp_path, "cifar10")
