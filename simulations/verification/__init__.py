"""Statements checked on random problems: families to draw from, evidence, what was found, and its files."""

from simulations.verification.checking import Sharpness, Verification, counterexample_slacks, verify
from simulations.verification.families import DIMENSIONS, Sampler, allows, draw_problems
from simulations.verification.records import publish_verification, published_verifications

__all__ = [
    "DIMENSIONS",
    "Sampler",
    "Sharpness",
    "Verification",
    "allows",
    "counterexample_slacks",
    "draw_problems",
    "publish_verification",
    "published_verifications",
    "verify",
]
