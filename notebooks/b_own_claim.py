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
# *training on more data cannot hurt: fine-tuning ends no worse out of distribution (OOD) than it began.*

# %%
from artifacts.runtime import prepare_jax

prepare_jax()  # double precision

import dataclasses

import jax
import jax.numpy as jnp

from simulations import verify
from theory import LinearNetwork, Problem, Setting, Statement, ood_risk


def at_the_end(networks: LinearNetwork, problem: Problem) -> jax.Array:
    """The root of the OOD risk where training ends: the last network of a path."""
    return jnp.sqrt(ood_risk(jax.tree.map(lambda leaf: leaf[-1], networks), problem))


TUNING_HELPS = Statement(
    name="fine_tuning_helps",
    source="a guess",
    claim="Fine-tuning ends no worse out of distribution than it began.",
    latex=r"L_{ood}(v(\infty), B(\infty)) \leq L_{ood}(v_0, B_0)",
    premises="none",
    premises_hold=lambda problem: jnp.asarray(True),
    smaller=lambda evidence: at_the_end(evidence.fine_tuning, evidence.problem),
    larger=lambda evidence: jnp.sqrt(ood_risk(evidence.problem.pretrained, evidence.problem)),
    settings=(Setting.ONE_ID_DIRECTION,),
    published=False,
)

# %% [markdown]
# An `Evidence` holds a problem and the networks that each method passes through, from the start to the limit of training.
# `Setting.ONE_ID_DIRECTION` draws problems whose training inputs span one direction, over six decades of scale; they are
# solved by a formula, so hundreds take no time.

# %%
(found,) = verify([TUNING_HELPS], examples=200)
print(f"{found.status}: {found.violations} of {found.checked} problems violate it")
assert found.violations

# %% [markdown]
# So it is false. Perhaps it needs perfect features? Only the family of problems changes.

# %%
WITH_PERFECT_FEATURES = dataclasses.replace(
    TUNING_HELPS,
    name="fine_tuning_helps_with_perfect_features",
    premises="eps = 0",
    settings=(Setting.PERFECT_FEATURES,),
)
(found,) = verify([WITH_PERFECT_FEATURES], examples=200)
print(f"{found.status}: {found.violations} of {found.checked} problems violate it")
assert found.violations

# %% [markdown]
# Still false: fine-tuning can spoil even perfect features. Linear probing cannot, as it leaves them alone. Is the claim true of
# it?

# %%
PROBING_HELPS = dataclasses.replace(
    WITH_PERFECT_FEATURES,
    name="probing_helps_with_perfect_features",
    claim="With perfect features linear probing ends no worse out of distribution than it began.",
    smaller=lambda evidence: at_the_end(evidence.linear_probing, evidence.problem),
)
(found,) = verify([PROBING_HELPS], examples=200)
print(f"{found.status}: {found.violations} of {found.checked} problems violate it")
assert not found.violations

# %% [markdown]
# No violation is not a proof, but here one is short: with perfect features the OOD error is the distance of the head from the
# true head, and gradient descent on a convex function with that minimum never increases it.
#
# In a file of yours the same statement is verified and attacked on the command line:
# `distort theory attack claim.py:TUNING_HELPS` searches for a violation by descent. See the page *A claim of your own*.
