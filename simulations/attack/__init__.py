"""Searches for a violation of a statement: gradient descent on the ratio of its sides, from many random starts.

Problems with one ID direction have closed-form paths, so the ratio of the sides is a differentiable function of the
problem; with more, the descent differentiates a coarse path of the reduced flow, and what it finds is judged on an
accurate one. Statements about noisy labels, other losses, SGD or weight decay are searched by training on drawn
examples. The published lower bound falls within seconds; bounds that are proved must not.
"""

from simulations.attack.search import PROBLEMS_PER_ROUND, SHAPES, Attack, attack, shapes_of
from simulations.attack.witness import Instance, Witness, judged_ratio, load, problem_from, save

__all__ = [
    "PROBLEMS_PER_ROUND",
    "SHAPES",
    "Attack",
    "Instance",
    "Witness",
    "attack",
    "judged_ratio",
    "load",
    "problem_from",
    "save",
    "shapes_of",
]
