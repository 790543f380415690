"""Zero-shot: the tokenizer is transformers', and the head gives CLIP's own scores."""

import gzip
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts import UserError
from artifacts.files import digest_of
from empirical.backbones.backbone import Role
from empirical.backbones.catalogue import BackboneChoice
from empirical.backbones.checkpoint_locations import CheckpointLocations
from empirical.backbones.clip_names import CLIP_TEXT, CLIP_VIT
from empirical.backbones.clip_text import ClipText
from empirical.backbones.clip_vit import ClipViT
from empirical.backbones.loading import load
from empirical.backbones.published import BY_NAME, WeightsFile
from empirical.backbones.sizes import ClipVitSize, TextSize
from empirical.backbones.tokenizer import END, OPENAI_FILE, START, byte_letters, read_tokenizer, words
from empirical.backbones.translation import speaking, translated
from empirical.backbones.weights_file import stored_tensors
from empirical.backbones.zero_shot import load_text_tower, read_templates, text_features, zero_shot_classifier

KEY = jax.random.key(0)
RTOL = 1e-4  # scores are up to 14 cosines of float32 features

MERGES = [("t", "h"), ("th", "e</w>"), ("d", "o"), ("do", "g</w>"), ("p", "h"), ("o", "t"), ("ph", "ot")]
MERGES += [("phot", "o</w>"), ("c", "a"), ("ca", "t</w>"), ("Ã", "©</w>"), ("'", "s</w>")]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A checkpoint's folder with a small vocabulary in both forms."""
    folder = tmp_path_factory.mktemp("repository")
    letters = sorted(byte_letters(), key=lambda letter: (ord(letter) >= 256, ord(letter)))
    entries = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, MERGES), START, END]
    (folder / "vocab.json").write_text(json.dumps({entry: number for number, entry in enumerate(entries)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in MERGES))
    packed = folder / "packed"
    packed.mkdir()
    with gzip.open(packed / OPENAI_FILE, "wt", encoding="utf-8") as stream:
        stream.write("version\n" + "".join(f"{a} {b}\n" for a, b in MERGES))
    return folder


@pytest.fixture(scope="module")
def reference(transformers, repository):
    vocabulary = json.loads((repository / "vocab.json").read_text())
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=MERGES)


PIECES = ("the dog", "a photo", "cat's", "they'll", "café", "e\u0301", "１２", "42", "!?", "\n", "  ", "日本", "_", "İ")


@pytest.fixture(scope="module")
def ours(repository):
    return read_tokenizer(repository)


# Python and the reference know different versions of Unicode: only what Python's has assigned is compared.
LETTERS = st.characters(exclude_categories=("Cs", "Cn", "Co"))
TEXTS = st.one_of(st.text(LETTERS, max_size=30), st.lists(st.sampled_from(PIECES)).map(" ".join))


@given(text=TEXTS)
@settings(max_examples=300)
def test_the_tokenizer_is_transformers(text, reference, ours):
    assert ours.numbers(text) == reference(text)["input_ids"][1:-1]


def test_both_forms_of_a_vocabulary_are_one(repository):
    one, other = read_tokenizer(repository), read_tokenizer(repository / "packed")
    assert one.vocabulary == other.vocabulary
    assert one.ranks == other.ranks


def test_words_end_and_letters_merge(repository):
    tokenizer = read_tokenizer(repository)
    name_of = {number: entry for entry, number in tokenizer.vocabulary.items()}
    assert [name_of[number] for number in tokenizer.numbers("The  dog")] == ["the</w>", "dog</w>"]
    assert words("A photo of 2 cats, isn't it?") == ["a", "photo", "of", "2", "cats", ",", "isn", "'t", "it", "?"]


def test_the_published_vocabulary(repository):
    """OpenAI's own list of merges, where a package brings it along: 49,408 entries, and known token numbers."""
    spec = importlib.util.find_spec("clip")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("OpenAI's vocabulary is not installed: pip install --no-deps clip-anytorch==2.6.0")
    tokenizer = read_tokenizer(Path(spec.submodule_search_locations[0]))
    assert len(tokenizer.vocabulary) == 49408
    tokens, ends = tokenizer(["a photo of a dog", "diagram"], 8)
    assert tokens.tolist() == [[49406, 320, 1125, 539, 320, 1929, 49407, 0], [49406, 22697, 49407, 0, 0, 0, 0, 0]]
    assert ends.tolist() == [6, 2]


def test_a_text_that_is_too_long_is_refused(repository):
    with pytest.raises(UserError, match="at most 3 tokens, got 4"):
        read_tokenizer(repository)(["dog dog dog dog"], 5)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "must hold vocab.json and merges.txt"),
        ({"vocab.json": "{", "merges.txt": ""}, "readable vocabulary"),
        ({"vocab.json": '{"a": 5}', "merges.txt": ""}, "numbers its entries from 0"),
        ({"vocab.json": "[1]", "merges.txt": ""}, "numbers its entries from 0"),
        ({OPENAI_FILE: "no archive"}, "readable vocabulary"),
    ],
)
def test_a_damaged_vocabulary_is_refused(files, message, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        read_tokenizer(tmp_path)


def test_templates_come_from_the_users_file(tmp_path):
    path = tmp_path / "templates.txt"
    path.write_text("# prompts\na photo of a {}.\n\nart of the {}\n")
    assert read_templates(path) == ("a photo of a {}.", "art of the {}")
    for wrong in ("", "a photo\n", "{} and {}\n", "a {name}\n"):
        path.write_text(wrong)
        with pytest.raises(UserError, match=r"each with one \{\} for the name"):
            read_templates(path)
    with pytest.raises(UserError, match="must be a text file"):
        read_templates(tmp_path / "none.txt")


def towers(path, vocabulary):
    stored = stored_tensors(path)
    vit = eqx.filter_eval_shape(lambda key: ClipViT(ClipVitSize(32, 16, 64, 1, 32), key=key), KEY)
    text = eqx.filter_eval_shape(lambda key: ClipText(TextSize(vocabulary, 12, 64, 1, 32), key=key), KEY)
    return (
        translated(path, stored, speaking(path, stored, CLIP_VIT), vit),
        translated(path, stored, speaking(path, stored, CLIP_TEXT), text),
    )


def test_the_head_gives_clips_own_scores(torch, openai, shaken, repository, tmp_path):
    tokenizer = read_tokenizer(repository)
    vocabulary = len(tokenizer.vocabulary)
    model = shaken(openai.CLIP(32, 32, 1, 64, 16, 12, vocabulary, 64, 1, 1)).eval()
    torch.save(model.state_dict(), tmp_path / "clip.pth")
    backbone, text = towers(tmp_path / "clip.pth", vocabulary)
    classifier = zero_shot_classifier(backbone, text, tokenizer, ["dog", "cat", "the café"], ["a photo of the {}"])
    images = np.random.default_rng(0).random((4, 32, 32, 3), np.float32)
    mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    standardised = ((images - np.array(mean)) / np.array(deviation)).astype(np.float32).transpose(0, 3, 1, 2)
    tokens = tokenizer([f"a photo of the {name}" for name in ("dog", "cat", "the café")], 12).tokens
    with torch.no_grad():
        expected, _ = model(torch.from_numpy(np.ascontiguousarray(standardised)), torch.from_numpy(tokens).long())
    np.testing.assert_allclose(classifier(jnp.asarray(images), "eval").scores, expected, rtol=RTOL, atol=RTOL)


@pytest.mark.filterwarnings("ignore")  # PyTorch on its own tracing
def test_both_towers_come_from_openais_own_archive(torch, openai, shaken, repository, monkeypatch, tmp_path):
    """TorchScript with weights in 16 bits, as `ViT-B-16.pt` is, under its published name and checksum."""
    vocabulary = len(read_tokenizer(repository).vocabulary)
    model = shaken(openai.CLIP(32, 32, 1, 64, 16, 12, vocabulary, 64, 1, 1)).eval()
    inputs = torch.rand(1, 3, 32, 32), torch.zeros(1, 12, dtype=torch.long)
    traced = torch.jit.trace(model, inputs, check_trace=False)
    with torch.no_grad():
        for weight in traced.parameters():
            weight.data = weight.data.half()
    traced.save(str(tmp_path / "ViT-B-16.pt"))
    one = replace(
        BY_NAME["clip_vit_b16"],
        size=ClipVitSize(32, 16, 64, 1, 32),
        text=TextSize(vocabulary, 12, 64, 1, 32),
        files=(WeightsFile("ViT-B-16.pt", "an address", sha256=digest_of(tmp_path / "ViT-B-16.pt")),),
    )
    monkeypatch.setitem(BY_NAME, one.name, one)
    choice, locations = BackboneChoice(name=one.name), CheckpointLocations(folder=tmp_path)
    loaded, text = load(choice, locations), load_text_tower(choice, locations)
    assert loaded.provenance["container"] == "torchscript"
    weights = {name: weight.float().numpy() for name, weight in traced.state_dict().items()}
    np.testing.assert_array_equal(loaded.backbone.projection.kernel, weights["visual.proj"])
    np.testing.assert_array_equal(text.table, weights["token_embedding.weight"])
    np.testing.assert_array_equal(text.layers[0].expand.kernel, weights["transformer.resblocks.0.mlp.c_fc.weight"].T)


def tiny(repository):
    tokenizer = read_tokenizer(repository)
    text = ClipText(TextSize(len(tokenizer.vocabulary), 12, 64, 1, 16), key=KEY)
    return ClipViT(ClipVitSize(32, 16, 64, 1, 16), key=KEY), text, tokenizer


def test_templates_are_averaged_as_directions(repository):
    _, text, tokenizer = tiny(repository)
    rows = [text_features(text, tokenizer, ["dog"], [one])[0] for one in ("a {}", "the {}")]
    both = text_features(text, tokenizer, ["dog"], ["a {}", "the {}"])[0]
    np.testing.assert_allclose(both, sum(rows) / jnp.linalg.norm(sum(rows)), atol=1e-6)


def test_a_zero_shot_classifier_trains_like_any_other(repository):
    backbone, text, tokenizer = tiny(repository)
    classifier = zero_shot_classifier(backbone, text, tokenizer, ["dog", "cat"], ["a {}"])
    roles = classifier.roles()
    assert jax.tree.structure(roles) == jax.tree.structure(classifier)
    assert roles.head.weight == Role("head", 2)
    images = jnp.asarray(np.random.default_rng(0).random((2, 32, 32, 3), np.float32))
    np.testing.assert_allclose(jnp.linalg.norm(classifier.backbone(images, "train").features, axis=1), 1, atol=1e-6)


def test_towers_that_do_not_belong_together_are_refused(repository):
    backbone, _, tokenizer = tiny(repository)
    text = ClipText(TextSize(len(tokenizer.vocabulary), 12, 64, 1, 8), key=KEY)
    with pytest.raises(UserError, match="one width, got 16 of images and 8 of texts"):
        zero_shot_classifier(backbone, text, tokenizer, ["dog"], ["a {}"])
    with pytest.raises(UserError, match="classes and templates, got 0 and 1"):
        text_features(text, tokenizer, [], ["a {}"])
    with pytest.raises(UserError, match="needs a CLIP backbone, got moco_v2_resnet50"):
        load_text_tower(BackboneChoice(name="moco_v2_resnet50"), CheckpointLocations())
