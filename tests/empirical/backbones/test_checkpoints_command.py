"""`distort bench checkpoints`: what it answers, fetches, converts and refuses."""

import functools
import json
import threading
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import jax
import numpy as np
import pytest
from tyro.extras import SubcommandApp

from artifacts import UserError
from artifacts.files import digest_of
from distort.bench_checkpoints import add_commands
from distort.command import UsageError, as_json
from empirical.backbones.checkpoints import tensors
from empirical.backbones.published import BY_NAME, PUBLISHED, WeightsFile
from empirical.backbones.resnet import ResNet
from empirical.backbones.resnet_names import MOCO, resnet_origins
from empirical.backbones.sizes import ResNetSize

NAME = "moco_v2_resnet50"
FILE = "moco_v2_800ep_pretrain.pth.tar"


def run(*arguments):
    app = SubcommandApp()
    app.command(lambda: None, name="other")  # one command alone would lose its name
    add_commands(app)
    return app.cli(args=["checkpoints", *map(str, arguments)])()


@pytest.fixture(autouse=True)
def _no_other_places(monkeypatch):
    for variable in ("DISTORT_CHECKPOINTS", "DISTORT_DATA"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def narrow(monkeypatch, legacy_file, tmp_path):
    """A server that holds narrow MoCo weights, and a catalogue that knows them."""
    network = ResNet((1, 1), 4, key=jax.random.key(0))
    ours = tensors(network)
    arrays = {
        origin.names[0]: ours[name].transpose(3, 2, 0, 1) if ours[name].ndim == 4 else ours[name]
        for name, origin in resnet_origins(network.size, "module.encoder_q.").items()
    }
    served = tmp_path / "served"
    served.mkdir()
    legacy_file(served / FILE, arrays | {"module.queue": np.ones((2, 2), np.float32)})
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(served))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def publish(**checksum):
        address = f"http://127.0.0.1:{server.server_port}/{FILE}"
        one = replace(
            BY_NAME[NAME],
            size=ResNetSize((1, 1), 4),
            files=(WeightsFile(FILE, address, **(checksum or {"md5": digest_of(served / FILE, "md5")[:8]})),),
            dialects=(MOCO,),
        )
        monkeypatch.setitem(BY_NAME, NAME, one)
        return served / FILE

    yield publish
    server.shutdown()
    server.server_close()


def test_every_backbone_is_listed_with_recipe_place_licence_checksum_and_way(tmp_path):
    answer = run("--root", tmp_path)
    listed = json.loads(as_json(answer.document))
    assert [one["name"] for one in listed] == [one.name for one in PUBLISHED]
    assert all(one["licence"] and one["how"] and one["checksums"] and not one["found"] for one in listed)
    assert all(str(tmp_path / "checkpoints") in place for one in listed for place in one["looked_for"])
    assert "living17, entity30, cifar10" in answer.text
    assert not answer.failure


def test_without_a_root_the_variable_is_named():
    assert "set DISTORT_CHECKPOINTS" in run().text


def test_fetched_verified_converted(narrow, tmp_path):
    served = narrow()
    (there,) = run(NAME, "--root", tmp_path, "--download", "--verify").document
    assert there.found == str(tmp_path / "checkpoints" / FILE)
    assert there.sha256 == digest_of(served)
    assert there.checked.startswith("complete, published checksum agrees")
    (converted,) = run(NAME, "--root", tmp_path, "--convert", "--verify").document
    assert converted.found == str(tmp_path / "checkpoints" / f"{NAME}.safetensors")
    assert converted.checked == there.checked
    assert not [path for path in (tmp_path / "checkpoints").iterdir() if path.name.startswith(".")]


def test_a_file_with_another_checksum_is_removed_unopened(narrow, tmp_path):
    narrow(sha256="00000000")
    with pytest.raises(UserError, match=r"published checksum 00000000, got SHA-256 .*it was removed"):
        run(NAME, "--root", tmp_path, "--download")
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_damaged_file_fails_verification(narrow, tmp_path):
    content = narrow(sha256="").read_bytes()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / FILE).write_bytes(content[: len(content) // 2])
    answer = run(NAME, "--root", tmp_path, "--verify")
    assert answer.failure == f"{NAME} cannot be used as they are"
    assert answer.document[0].checked.startswith("wrong: ")


def test_a_place_may_be_named_in_the_file(narrow, tmp_path):
    served = narrow()
    (tmp_path / "bench.toml").write_text(f'[checkpoints]\n{NAME} = "{served}"\n')
    (there,) = run(NAME, "--config", tmp_path / "bench.toml", "--verify").document
    assert there.found == str(served)
    assert there.checked.startswith("complete")


@pytest.mark.parametrize("arguments", [("resnet51",), ("--download",), ("--convert",)])
def test_unknown_names_and_none_are_wrong_usage(arguments, tmp_path):
    with pytest.raises(UsageError):
        run(*arguments, "--root", tmp_path)
