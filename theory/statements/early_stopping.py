"""No stopping time lets fine-tuning match linear probing out of distribution, once the features are good enough.

"Good enough" is a certificate that can be computed for the problem at hand, in place of the paper's limit.
"""

from theory.bounds.certificate import lp_beats_ft
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.linear_probing_upper_bound import probed_risk
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="early_stopping",
    order=80,
    source="submission, section 4.3; here with a computable premise",
    claim="Under the dominance certificate fine-tuning is worse than linear probing out of distribution at every time.",
    latex=r"L_{ood}(v_{lp}, B_0) < \inf_t L_{ood}(v_{ft}(t), B_{ft}(t))",
    premises="dominance certificate: eps W (1 + sqrt(kappa) / c_S) < best lower bound",
    premises_hold=lp_beats_ft,
    smaller=probed_risk,
    larger=lowest_fine_tuning_risk,
    settings=(Setting.GOOD_FEATURES, Setting.SEVERAL_ID_DIRECTIONS, Setting.WIDE_SCALES),
    published=True,
    proof="docs/theory.md#the-dominance-certificate",
)
