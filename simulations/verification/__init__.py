"""Statements checked on random problems: families to draw from, evidence, what was found, and its files."""

from simulations.verification.checking import Sharpness, Verification, counterexample_slacks, verify
from simulations.verification.records import publish_verification, published_verifications

__all__ = [
    "Sharpness",
    "Verification",
    "counterexample_slacks",
    "publish_verification",
    "published_verifications",
    "verify",
]
