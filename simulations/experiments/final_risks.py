"""Population risks of the three methods after training: what experiments beyond the paper measure."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float


class FinalRisks(eqx.Module):
    """ID risk under the inputs' own distribution, OOD risk with all directions alike."""

    lp_id: Float[Array | np.ndarray, "*batch"]
    lp_ood: Float[Array | np.ndarray, "*batch"]
    ft_id: Float[Array | np.ndarray, "*batch"]
    ft_ood: Float[Array | np.ndarray, "*batch"]
    lp_ft_id: Float[Array | np.ndarray, "*batch"]
    lp_ft_ood: Float[Array | np.ndarray, "*batch"]
