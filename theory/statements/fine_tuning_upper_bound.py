"""From a start that nearly fits, fine-tuning changes little off the ID subspace: the other side of the lower bounds."""

import jax.numpy as jnp

from theory.bounds.short_path import fine_tuning_upper_bound, start_nearly_fits
from theory.statements.evidence import root_ood_risks
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="fine_tuning_upper_bound",
    order=58,
    source="ours",
    claim="From a head that nearly fits the training data the OOD risk of fine-tuning stays near that of the start.",
    latex=(
        r"\sqrt{L_{ood}(v(t), B(t))} \le \sqrt{\sigma_{\max}(\Sigma)} \max\left(\sqrt{E^2 + r^2}, "
        r"E + V - \sqrt{V^2 - r}\right), \quad E = |P_\perp (w_0 - w_*)|, \; r = \rho / \sqrt\mu, \; V = |v_0|"
    ),
    premises="rho < sqrt(mu) V^2 with rho the root of the training loss at the start",
    premises_hold=start_nearly_fits,
    smaller=lambda evidence: jnp.max(root_ood_risks(evidence.fine_tuning, evidence.problem)),
    larger=lambda evidence: fine_tuning_upper_bound(evidence.problem),
    settings=(Setting.ONE_ID_DIRECTION, Setting.SEVERAL_ID_DIRECTIONS),
    published=False,
    bound="larger",
    proof="docs/theory.md#the-lp-ft-upper-bound",
)
