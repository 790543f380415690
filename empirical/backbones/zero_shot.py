"""Zero-shot heads: class scores from texts, no training image seen; the start of WiSE-FT's fine-tuning.

Source: Radford et al. 2021, section 3.1.4: the head's row for a class is the mean over prompts of the unit text
features, brought back to unit length; scores are cosines times a learnt factor.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Key, PyTree

from artifacts import UserError
from artifacts.reading import read_text
from empirical.backbones.backbone import Backbone, Forward, Role
from empirical.backbones.catalogue import BackboneChoice, published
from empirical.backbones.checkpoint_locations import CheckpointLocations
from empirical.backbones.classifier import Classifier, Head
from empirical.backbones.clip_names import CLIP_TEXT
from empirical.backbones.clip_text import ClipText
from empirical.backbones.published_checksums import checked_sha256
from empirical.backbones.tokenizer import Tokenizer
from empirical.backbones.translation import speaking, translated
from empirical.backbones.weights_file import stored_tensors
from empirical.records import NormMode

MOST_TEMPLATES = 1000
MOST_BYTES = 1 << 20


class UnitFeatures(Backbone):
    """A backbone whose features are brought to unit length, so that a linear head gives cosines."""

    backbone: Backbone

    @property
    def feature_dim(self) -> int:
        """The backbone's."""
        return self.backbone.feature_dim

    @property
    def blocks(self) -> int:
        """The backbone's."""
        return self.backbone.blocks

    @property
    def side(self) -> int | None:
        """The backbone's."""
        return self.backbone.side

    def __call__(self, images: Float32[Array, "n side side 3"], norm_mode: NormMode) -> Forward:
        """The backbone's features, each divided by its length."""
        features, backbone = self.backbone(images, norm_mode)
        return Forward(features / jnp.linalg.norm(features, axis=-1, keepdims=True), UnitFeatures(backbone))

    def roles(self) -> PyTree[Role]:
        """The backbone's: scaling to unit length has no arrays."""
        return eqx.tree_at(lambda classifier: classifier.backbone, self, self.backbone.roles())

    def reinitialised(self, *, key: Key[Array, ""]) -> "UnitFeatures":
        """A fresh backbone, its features still of unit length."""
        return UnitFeatures(self.backbone.reinitialised(key=key))


def zero_shot_classifier(
    backbone: Backbone, text: ClipText, tokenizer: Tokenizer, classes: Sequence[str], templates: Sequence[str]
) -> Classifier:
    """CLIP's image tower under the head that its text tower gives; it may be fine-tuned as any other.

    Args:
      classes: names in the order of the labels.
      templates: prompts with one `{}` each for the name.
    Raises:
      UserError: the towers do not belong together, or there is no class or no template.
    """
    if text.projection.shape[1] != backbone.feature_dim:
        raise UserError(
            f"Both towers must give features of one width, got {backbone.feature_dim} of images and "
            f"{text.projection.shape[1]} of texts."
        )
    weight = jnp.exp(text.log_scale) * text_features(text, tokenizer, classes, templates)
    return Classifier(UnitFeatures(backbone), Head(weight, jnp.zeros(len(classes), jnp.float32)))


def text_features(
    text: ClipText, tokenizer: Tokenizer, classes: Sequence[str], templates: Sequence[str]
) -> Float32[Array, "classes k"]:
    """A unit vector for each class: the direction of the mean over templates of its prompts' unit features.

    Args:
      classes: names in the order of the labels.
      templates: prompts with one `{}` each for the name.
    """
    if not classes or not templates:
        raise UserError(f"A head must have classes and templates, got {len(classes)} and {len(templates)}.")
    encode = eqx.filter_jit(lambda text, tokens, ends: _unit(text(tokens, ends)))
    rows = []
    for name in classes:
        prompts = tokenizer([template.replace("{}", name) for template in templates], text.context)
        rows.append(jnp.mean(encode(text, jnp.asarray(prompts.tokens), jnp.asarray(prompts.ends)), axis=0))
    return _unit(jnp.stack(rows))


def read_templates(path: Path) -> tuple[str, ...]:
    """Prompts from a text file, one a line with one `{}` for the class name; empty lines and `#` lines are left out.

    Raises:
      UserError: the file cannot be read, is empty, or a line has no single `{}`.
    """
    try:
        lines = read_text(path, MOST_BYTES).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} must be a text file with a prompt a line, but {error}.") from error
    templates = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    wrong = [template for template in templates if re.findall(r"[{}]+", template) != ["{}"]]
    if wrong or not 0 < len(templates) <= MOST_TEMPLATES:
        got = repr(wrong[0]) if wrong else f"{len(templates)} prompts"
        raise UserError(f"{path} must hold 1 to {MOST_TEMPLATES} prompts, each with one {{}} for the name, got {got}.")
    return templates


def load_text_tower(choice: BackboneChoice, locations: CheckpointLocations) -> ClipText:
    """The text tower that lies in the same file as a CLIP image tower (a published one: converted files lack it).

    Raises:
      UserError: the backbone has none, or its file is not there or not exactly CLIP.
    """
    backbone = published(choice.name)
    if backbone.text is None:
        raise UserError(f"A zero-shot head needs a CLIP backbone, got {choice.name}.")
    candidates = locations.candidates(backbone) if choice.checkpoint is None else [(choice.checkpoint, None)]
    sources = [(path, file) for path, file in candidates if path != locations.converted(backbone.name)]
    path, file = next((source for source in sources if source[0].is_file()), None) or locations.existing(backbone)
    checked_sha256(path, file)
    stored = stored_tensors(path)
    size = backbone.text
    like = eqx.filter_eval_shape(lambda key: ClipText(size, key=key), jax.random.key(0))
    return translated(path, stored, speaking(path, stored, CLIP_TEXT), like)


def _unit(vectors: Float32[Array, "n k"]) -> Float32[Array, "n k"]:
    return vectors / jnp.linalg.norm(vectors, axis=-1, keepdims=True)
