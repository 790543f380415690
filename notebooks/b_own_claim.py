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
# # Your own claim
#
# A claim about linear probing (LP), fine-tuning (FT) and LP-FT has the form *one side is at most the other, on every problem
# that meets the premises*. Write both sides as functions; random problems do the rest. Here is a claim that sounds right:
# *LP-FT never ends worse out of distribution (OOD) than linear probing.*

# %%
from artifacts.runtime import prepare_jax

prepare_jax()  # double precision

import jax
import jax.numpy as jnp

from simulations import verify
from theory import LinearNetwork, Problem, Setting, Statement, feature_error, ood_risk


def at_the_end(networks: LinearNetwork, problem: Problem) -> jax.Array:
    """The root of the OOD risk where training ends: the last network of a path."""
    return jnp.sqrt(ood_risk(jax.tree.map(lambda leaf: leaf[-1], networks), problem))


NEVER_WORSE = Statement(
    name="lp_ft_never_worse_than_lp",
    source="a guess",
    claim="LP-FT never ends worse out of distribution than linear probing.",
    latex=r"L_{ood}(LP\text{-}FT) \leq L_{ood}(LP)",
    premises="none",
    premises_hold=lambda problem: jnp.asarray(True),
    smaller=lambda evidence: at_the_end(evidence.lp_ft, evidence.problem),
    larger=lambda evidence: at_the_end(evidence.linear_probing, evidence.problem),
    settings=(Setting.ONE_ID_DIRECTION,),
    published=False,
)

# %% [markdown]
# `Evidence` holds a problem and the networks that each method passes through, from the start to the limit of training.
# `Setting.ONE_ID_DIRECTION` draws problems whose training inputs span one direction, over six decades of scale; they are
# solved by a formula, so hundreds take no time.

# %%
(found,) = verify([NEVER_WORSE], examples=200)
print(f"{found.status}: {found.violations} of {found.checked} problems violate it")

# %% [markdown]
# So it is false. Perhaps it needs good features? Premises are a condition on the problem; only problems that meet them count.

# %%
import dataclasses

WITH_GOOD_FEATURES = dataclasses.replace(
    NEVER_WORSE,
    name="lp_ft_never_worse_than_lp_with_good_features",
    premises="eps <= 0.01",
    premises_hold=lambda problem: feature_error(problem) <= 0.01,
    settings=(Setting.GOOD_FEATURES,),
)
(found,) = verify([WITH_GOOD_FEATURES], examples=200)
print(f"{found.status}: {found.violations} of {found.checked} problems violate it")
print(f"smallest slack {found.smallest_slack:.3f}: 0 is equality, below 0 is a violation")

# %% [markdown]
# Good features alone do not save it. What does hold is that LP-FT stays *close* to LP: `distort theory show lp_ft_upper_bound`.
# A claim that no random problem refutes may still be false. `distort theory attack NAME` searches for a violation by descent,
# for statements of the package, and page *Adding a thing* says how a claim becomes one of them.
