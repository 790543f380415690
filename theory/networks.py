"""The model of the whole theory: a linear head on a linear feature extractor."""

import equinox as eqx
from jaxtyping import Array, Float


class LinearNetwork(eqx.Module):
    """`f(x) = head . (features x)`: v and B of the paper.

    Source: submission, section 3.1.
    """

    head: Float[Array, " k"]
    features: Float[Array, "k d"]

    def __check_init__(self):
        # Not a jaxtyping check: users run without it, and a wrong shape would otherwise surface far from here.
        for name, value in (("head", self.head), ("features", self.features)):
            if isinstance(value, list | tuple | int | float):
                raise ValueError(f"`{name}` must be an array, got {value!r}; `jnp.array` makes one.")
        if self.head.ndim == 1 and self.features.ndim == 2 and self.head.shape[0] != self.features.shape[0]:
            raise ValueError(
                "`head` must have one entry per feature (a row of `features`), "
                f"got {self.head.shape[0]} entries and {self.features.shape[0]} features."
            )

    def __call__(self, inputs: Float[Array, " d"]) -> Float[Array, ""]:
        """The output for one input."""
        return self.head @ (self.features @ inputs)

    @property
    def weights(self) -> Float[Array, " d"]:
        """The linear function that the network computes: w = B^T v."""
        return self.features.T @ self.head
