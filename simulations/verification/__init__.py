"""Statements checked on random problems: families to draw from, evidence from solving, and what was found."""

from simulations.verification.checking import Verification, counterexample_slacks, verify

__all__ = ["Verification", "counterexample_slacks", "verify"]
