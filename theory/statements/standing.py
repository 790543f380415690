"""How a statement stands, as a word; needs no JAX."""

from enum import StrEnum


class Status(StrEnum):
    """How a statement stands, from its proof, its counterexamples and its verification; never typed in."""

    PROVED = "proved here and verified"
    AS_PUBLISHED = "as published and verified"
    FALSE = "false as published, with witness"
    CONJECTURED = "conjectured, no violation found"
    VIOLATED = "violated"
    UNVERIFIED = "not verified yet"
