"""The tables that stand in the source are those that were published."""

import hashlib
import json

import pytest

from empirical.datasets.catalogue import COLUMNS, EMBEDDED, FAMILIES, SOURCES, TRANSFORMS, family
from empirical.datasets.families.breeds import breeds
from empirical.datasets.families.domainnet import CLASSES as DOMAINNET_CLASSES
from empirical.datasets.families.fmow import CLASSES as FMOW_CLASSES
from empirical.datasets.families.imagenet import subset_indices
from empirical.records import ID_COLUMNS, OOD_COLUMNS

# docs/protocol.md 2.1 and 2.5.
BREEDS_ANCHORS = {
    "living17": "b6b389303d19f527b35a4673911511f01412e5df9294a52be486ea7c1d044d0d",
    "entity30": "af4594d580f3047ccdaaa98a35f41c3fb90a73f1e957982c4f93c1f2bc76f3cc",
}
SUBSET_ANCHORS = {
    "imagenet_r": "3e907704eb85df5dc454d4c1a68429f9d71a4711555026eccd8bdf7b568ed6f2",
    "imagenet_a": "e5ce3e8a08365ce06111d9762b64b11eba26be290d3283c92e1d68c31b38d963",
}


def _sha256(value) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize("name", BREEDS_ANCHORS)
def test_breeds_splits_are_the_published_ones(name):
    split = breeds(name)
    table = {"superclasses": split.superclasses, "source": split.source, "target": split.target}
    assert _sha256(table) == BREEDS_ANCHORS[name]


@pytest.mark.parametrize(("name", "labels", "subclasses"), [("living17", 17, 2), ("entity30", 30, 4)])
def test_source_and_target_share_no_subclass(name, labels, subclasses):
    split = breeds(name)
    source, target = split.labels("source"), split.labels("target")
    assert not set(source) & set(target)
    assert len(split.names) == labels
    assert len(source) == len(target) == labels * subclasses
    assert set(split.subclasses) == set(source) | set(target)


@pytest.mark.parametrize("name", SUBSET_ANCHORS)
def test_imagenet_subsets_are_the_published_ones(name):
    indices = subset_indices(name)
    assert _sha256(indices) == SUBSET_ANCHORS[name]
    assert list(indices) == sorted(set(indices))
    assert len(indices) == 200


def test_86_classes_are_in_both_subsets():
    assert len(set(subset_indices("imagenet_r")) & set(subset_indices("imagenet_a"))) == 86


def test_class_lists_have_the_published_order():
    assert len(DOMAINNET_CLASSES) == 40
    assert DOMAINNET_CLASSES[30:32] == ("rabbit", "scissors")
    assert DOMAINNET_CLASSES[-4:] == ("butterfly", "sheep", "drums", "donut")
    assert len(FMOW_CLASSES) == 62
    assert list(FMOW_CLASSES) == sorted(FMOW_CLASSES)


def test_the_catalogue_has_the_papers_ten_columns_of_six_tasks():
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert {*OOD_COLUMNS} <= {*names}
    assert {*ID_COLUMNS} <= {one.name for one in FAMILIES}
    for column in COLUMNS:
        names = {part.name for part in family(column.name).ood}
        assert set(column.sets) <= names
    assert {column.family for column in COLUMNS} == {one.name for one in FAMILIES}


def test_every_part_lies_in_a_described_source():
    sources = [part.source for one in FAMILIES for part in one.parts]
    assert all(source in SOURCES for source in sources)
    assert all(source in sources and source.folders for source in SOURCES)
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    assert all(source.fetched or source.steps for source in SOURCES)


def test_no_two_families_claim_one_name():
    everything = [*FAMILIES, *EMBEDDED]
    assert len({one.name for one in everything}) == len(everything)
    assert sum(len(one.pipelines) for one in everything) == len(TRANSFORMS)
