"""Methods as values: written in TOML, read back equal, refused in one clear line where they contradict themselves."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from artifacts import UserError
from artifacts.fingerprint import fingerprint
from empirical.methods import FINE_TUNING, FT, FT_EVAL, LORA, LP, LP_FT, METHODS, Method, method, read_method

ROOT = Path(__file__).resolve().parents[3]


def test_the_papers_methods_are_what_the_paper_says():
    assert (FT.head_start, FT.norm_mode) == ("random", "train")
    assert (LP_FT.head_start, LP_FT.norm_mode) == ("linear_probe", "eval")
    assert LP.solved
    assert LP.trains == ()
    assert len({(one.name, one.norm_mode) for one in FINE_TUNING}) == 4


@pytest.mark.parametrize("one", METHODS.values(), ids=str)
def test_a_method_is_its_json_and_a_key(one):
    assert Method.model_validate_json(one.model_dump_json()) == one
    assert method(one.model_dump(mode="json")) == one
    assert {one: 1}[Method.model_validate(one.model_dump())] == 1


def test_no_two_methods_are_the_same():
    assert len({fingerprint(one.model_dump(mode="json")) for one in METHODS.values()}) == len(METHODS)
    assert len({one.label for one in METHODS.values()}) == len(METHODS)


def test_a_name_alone_means_the_mode_of_the_paper():
    assert method("FT") == FT
    assert method("FT (eval)") == FT_EVAL
    assert method("LP-FT") == LP_FT


def test_a_method_is_written_in_toml(tmp_path):
    path = tmp_path / "method.toml"
    path.write_text(
        """
        name = "careful FT"
        like = "LP-FT"
        norm_mode = "eval"
        [optimiser]
        kind = "adamw"
        weight_decay = 0.1
        [penalty]
        strength = 0.1
        [[freezes]]
        kinds = ["kernel", "norm_affine"]
        last = 1
        [[rate_factors]]
        kinds = ["head"]
        factor = 10
        [unfreezing]
        kind = "from_the_top"
        everything_epochs = 2
        [schedule]
        every = "step"
        warm_up_steps = 100
        """
    )
    found = read_method(path)
    assert found.head_start == "linear_probe"
    assert found.optimiser.weight_decay == 0.1
    assert found.freezes[0].last == 1
    assert found.unfreezing.everything_epochs == 2
    assert Method.model_validate(found.model_dump(mode="json")) == found


REFUSED = {
    "an unknown field": ("like = 'FT'\nname = 'x'\nlerning_rate = 1", "lerning_rate"),
    "an unknown method": ("like = 'LP-TF'", "did you mean 'LP-FT'"),
    "no name of its own": ("like = 'FT'\nmixing = {alpha = 1.0}", "name of its own"),
    "a norm mode that is none": ("like = 'FT'\nname = 'x'\nnorm_mode = 'frozen'", "norm_mode"),
    "running statistics as parameters": ("like = 'FT'\nname = 'x'\ntrains = ['norm_statistics', 'head']", "trains"),
    "a kind twice": ("like = 'FT'\nname = 'x'\ntrains = ['head', 'head']", "each kind once"),
    "a random head that never trains": ("like = 'FT'\nname = 'x'\ntrains = ['kernel']", '"head"'),
    "frozen without training": (
        "like = 'SGD probe'\nname = 'x'\nfreezes = [{kinds = ['kernel']}]",
        "must name kinds in `trains`, got kernel",
    ),
    "a frozen head": ("like = 'FT'\nname = 'x'\nfreezes = [{kinds = ['head']}]", "head"),
    "blocks the wrong way round": (
        "like = 'FT'\nname = 'x'\nfreezes = [{kinds = ['kernel'], first = 3, last = 1}]",
        "3 to 1",
    ),
    "unfreezing of nothing": (
        "like = 'SGD probe'\nname = 'x'\nunfreezing = {kind = 'all_at_once', epoch = 1}",
        "unfreezing",
    ),
    "a penalty on nothing": ("like = 'SGD probe'\nname = 'x'\npenalty = {strength = 0.1}", "none trains"),
    "a penalty of nothing": ("like = 'FT'\nname = 'x'\npenalty = {strength = 0.0}", "strength"),
    "a penalty beside an adapter": (
        "like = 'LoRA'\nname = 'x'\ntrains = ['head', 'norm_affine']\npenalty = {}", "exclude each other"
    ),
    "LoRA and trained kernels": ("like = 'LoRA'\nname = 'x'\ntrains = ['kernel', 'head']", "LoRA"),
    "side-tuning from a probe": ("like = 'side-tuning'\nname = 'x'\nhead_start = 'linear_probe'", "random"),
    "interpolation from a random head": ("like = 'FT'\nname = 'x'\ninterpolation = {}", "interpolation"),
    "weights beyond the line": (
        "like = 'WiSE-FT'\nname = 'x'\ninterpolation = {weights = [0.0, 1.5]}",
        "within 0 and 1",
    ),
    "a solved probe that trains": ("like = 'LP'\nname = 'x'\nnorm_mode = 'train'", "solved linear probe"),
    "a solved probe with an optimiser": ("like = 'LP'\nname = 'x'\n[optimiser]\nkind = 'adamw'", "solved linear probe"),
    "momentum beyond 1": ("like = 'FT'\nname = 'x'\n[optimiser]\nkind = 'sgd'\nmomentum = 1.5", "momentum"),
    "warm-up by epochs": ("like = 'FT'\nname = 'x'\n[schedule]\nwarm_up_steps = 5", "warm_up_steps"),
    "a partial probe for a probe": (
        "like = 'SGD probe'\nname = 'x'\nhead_start = {steps = 3, learning_rate = 0.1}", "head alone"
    ),
    "no TOML at all": ("like = ", "TOML"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_contradicts_itself_is_refused_in_one_line(case, tmp_path):
    text, words = REFUSED[case]
    path = tmp_path / "method.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_method(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        LORA.adapter.rank = 8


def test_methods_are_read_without_jax():
    code = "import sys, empirical.methods; sys.exit('jax' in sys.modules or 'equinox' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_guides_tables_are_methods():
    """Every TOML block of docs/methods.md is read as it stands."""
    blocks = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8").split("```toml\n")[1:]
    assert len(blocks) >= 10
    for block in blocks:
        assert method(tomllib.loads(block.split("```")[0])).name
