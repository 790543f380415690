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
# # Own dimensions, own figure
#
# Every experiment of the package can be run with dimensions of yours, and its figure drawn at the size that a paper wants.

# %%
from artifacts.runtime import compute_in_one_thread

compute_in_one_thread()  # in double precision; many problems together want one thread

import tempfile
from pathlib import Path

from figures import entry, save
from simulations import EXPERIMENTS, configured

for experiment in EXPERIMENTS:
    print(f"{experiment.name:32} {experiment.title}")

# %% [markdown]
# `risk_along_flow` follows the errors of linear probing (LP), fine-tuning (FT) and LP-FT along training, with the lower bounds
# on fine-tuning. Its settings are a typed configuration:

# %%
experiment = next(entry for entry in EXPERIMENTS if entry.name == "risk_along_flow")
print(experiment.config("quick").model_dump_json(indent=1))

# %% [markdown]
# Change what you like. A name that does not exist, or dimensions that cannot be, are refused in one line.

# %%
changes = {"dimensions": {"input_dim": 60, "feature_dim": 4, "id_dim": 20}, "angles": [0.3, 0.5, 0.7, 0.9]}
own = configured(experiment, "quick", changes)
data = experiment.simulate(own)
figure = entry("risk_along_flow").load().draw(data)
figure

# %% [markdown]
# `save` writes SVG, PNG and PDF. On the command line the same is
# `distort simulate risk_along_flow --settings own.toml --out results`, with the same changes as TOML, and then
# `distort figures risk_along_flow --from results --setting LABEL --size column --format pdf`; the first command prints the label.

# %%
folder = Path(tempfile.mkdtemp())
save(figure, folder, "risk_along_flow")
print(sorted(path.name for path in folder.iterdir()))

# %% [markdown]
# ## A problem of your own
#
# Below the experiments lie random problems with whatever you prescribe: dimensions, the angle between features and training
# subspace, the feature error, the sizes of truth and head. What is not prescribed is random, from a key.

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from simulations import Dimensions, equal_angles, fine_tuning, linear_probing, lp_ft, sample_problem

sizes = Dimensions(input_dim=60, feature_dim=4, id_dim=20)
problem = sample_problem(
    sizes, equal_angles(sizes, 0.7), jnp.linspace(1.0, 5.0, 20), feature_error=0.05, key=jax.random.key(1)
)
print(problem)
times = np.concatenate([[0.0], np.geomspace(1e-3, 1e2, 60)])
own_figure, axis = plt.subplots(figsize=(4, 3))
for method in (linear_probing, fine_tuning, lp_ft):
    path = method(problem, times)
    axis.loglog(times[1:], path.ood_risk[1:], label=method.__name__)
axis.set(xlabel="learning rate x steps", ylabel="OOD error")
axis.legend()
own_figure
