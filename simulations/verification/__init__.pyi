from .checking import counterexample_slacks, verify
from .families import DIMENSIONS, Sampler, allows, draw_problems
from .findings import Sharpness, Verification, published_verifications
from .records import publish_verification

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
