"""`distort bench datasets|verify|download|pack|miniature`: what they answer and how they fail."""

import json

import pytest
from tyro.extras import SubcommandApp

from artifacts import UserError
from distort.bench_data import add_commands
from distort.command import UsageError, as_json
from empirical.datasets.catalogue import COLUMNS, family
from empirical.datasets.configuration import read_data
from empirical.datasets.reading import read_dataset
from empirical.store import packed_dataset


def _run(*arguments):
    app = SubcommandApp()
    add_commands(app)
    return app.cli(args=[str(one) for one in arguments])()


def test_all_ten_are_listed_with_what_is_missing(miniature, tmp_path):
    there = json.loads(as_json(_run("datasets", "--root", miniature).document))
    assert [one["name"] for one in there["datasets"]] == [column.name for column in COLUMNS] + ["digits"]
    assert not any(one["missing"] for one in there["datasets"])
    absent = json.loads(as_json(_run("datasets", "--root", tmp_path).document))
    assert all(one["missing"] for one in absent["datasets"][:-1])
    assert all(bool(one["command"]) != bool(one["steps"]) for one in absent["sources"])
    assert all(one["licence"] and one["looked_for"] and one["bytes"] for one in absent["sources"])
    text = _run("datasets", "--root", tmp_path).text
    assert "distort bench download cifar10_1" in text
    assert "ImageNet (ILSVRC 2012), by hand:\n  1. Register at image-net.org" in text


def test_verification_answers_and_fails(miniature, tmp_path):
    answer = _run("verify", "stl10", "cifar10", "--root", miniature)
    assert not answer.failure
    assert {finding.dataset for finding in answer.document} == {"cifar10"}
    failed = _run("verify", "--all", "--root", tmp_path, "--images", "none")
    assert "checks failed" in failed.failure
    assert json.loads(as_json(failed.document))[0]["mend"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "cifar"),
        ("verify",),
        ("verify", "fmow", "--all"),
        ("pack", "cifar"),
        ("download", "cifar"),
        ("pack", "cifar10", "--workers", "0"),
    ],
)
def test_unknown_names_and_none_are_wrong_usage(arguments, miniature):
    with pytest.raises(UsageError):
        _run(*arguments, "--root", miniature)


def test_packing_and_reading_back(miniature, tmp_path):
    _run("pack", "stl10", "--root", miniature, "--out", tmp_path / "packed")
    assert len(packed_dataset(tmp_path / "packed", "cifar10").id_training) == 800
    with pytest.raises(UserError, match="must fit together"):
        _run("pack", "stl10", "--root", miniature, "--out", tmp_path / "packed", "--side", 9)


def test_what_cannot_be_fetched_says_how(tmp_path):
    with pytest.raises(UserError, match=r"Register at image-net\.org"):
        _run("download", "imagenet", "--root", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_miniature_needs_an_empty_folder(miniature):
    with pytest.raises(UserError, match="new or an empty folder"):
        _run("miniature", "--out", miniature)


def test_missing_ood_sets_are_one_message_with_the_way_to_go_on_without(miniature, tmp_path):
    for entry in miniature.iterdir():
        if entry.name not in ("imagenet-r", "sketch"):
            (tmp_path / entry.name).symlink_to(entry)
    locations = read_data(root=tmp_path).locations
    message = r'needs imagenet_r, imagenet_sketch in .* with `ood = \["imagenet_v2", "imagenet_a"\]`'
    with pytest.raises(UserError, match=message):
        read_dataset(family("imagenet"), locations)
    found = read_dataset(family("imagenet"), locations, ood=["imagenet_v2"])
    assert [one.name for one in found.ood] == ["imagenet_v2"]
