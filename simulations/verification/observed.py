"""Evidence as simulations have it: with the word of the solver."""

import equinox as eqx
from jaxtyping import Array, Bool

from theory.statements import Evidence


class ObservedEvidence(eqx.Module):
    """Evidence, and whether its problem was solved; where it was not the evidence is meaningless."""

    evidence: Evidence
    solved: Bool[Array, ""]
