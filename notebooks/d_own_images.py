# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# %% [markdown]
# # Own images
#
# Linear probing (LP), fine-tuning (FT) and LP-FT on folders of images, one folder a class. Here the images are scikit-learn's
# handwritten digits, as white on black (in distribution, ID) and inverted (out of distribution, OOD); put yours in their place.

# %%
from artifacts.runtime import prepare_jax

prepare_jax()

import json
import os
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from distort.__main__ import main
from empirical.datasets.folders import write_class_folders

folder = Path(tempfile.mkdtemp())
os.chdir(folder)
digits = load_digits()
images = np.kron(np.clip(digits.images * 16, 0, 255).astype(np.uint8), np.ones((1, 4, 4), dtype=np.uint8))  # 32 x 32
write_class_folders(images[:300], digits.target[:300], folder / "white_on_black")
write_class_folders(255 - images[300:450], digits.target[300:450], folder / "inverted")
print(sorted(path.name for path in (folder / "white_on_black").iterdir()))

# %% [markdown]
# ## One file is the whole experiment
#
# Where the images lie, which pretrained network, which methods with which learning rates. `small_resnet` comes with the
# package; the page *Backbones* lists others, and says how to bring your own.

# %%
suite = """
name = "own"

[datasets.own]
training = { folder = "white_on_black" }
[datasets.own.ood]
inverted = { folder = "inverted" }

[recipes.own]
backbone = "small_resnet"
side = 32
classes = 10
epochs = 2
batch_size = 16
seeds = [0]
describe = false
[[recipes.own.methods]]
method = "FT"
learning_rates = [1e-2]
[[recipes.own.methods]]
method = "LP-FT"
learning_rates = [1e-3]
"""
Path("own.toml").write_text(suite, encoding="utf-8")
assert main(["bench", "verify", "own", "--config", "own.toml"]) == 0

# %% [markdown]
# ## Plan, run, read
#
# `plan` lists the runs. `run` makes those that are missing, and may be stopped and called again at any time. Learning rate and
# epoch are selected on a held-out part of the ID images; OOD images never select.

# %%
assert main(["bench", "plan", "--suite", "own.toml"]) == 0

# %%
assert main(["bench", "run", "--suite", "own.toml"]) == 0

# %%
benchmark = json.loads(Path("results-own/benchmark/benchmark.json").read_text(encoding="utf-8"))
for row in benchmark["rows"]:
    print(f"{row['method']:6} {row['norm_mode']:6} ID {row['id_accuracy']:.3f}   OOD {row['ood_accuracy']:.3f}")

# %% [markdown]
# So few images, epochs and seeds decide nothing; they show the way. The results folder also holds CSV, Markdown and LaTeX tables, and `distort figures --from results-own` draws what they show.
