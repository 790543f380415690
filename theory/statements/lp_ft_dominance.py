"""LP-FT beats fine-tuning out of distribution at every pair of stopping times, where the certificate says so."""

from theory.bounds.certificate import lp_ft_beats_ft
from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.lp_ft_upper_bound import highest_lp_ft_risk
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="lp_ft_dominance",
    order=130,
    source="ours",
    claim="Under its certificate LP-FT at any time beats fine-tuning at any time, out of distribution.",
    latex=r"\sup_t L_{ood}(v_{lpft}(t), B_{lpft}(t)) < \inf_t L_{ood}(v_{ft}(t), B_{ft}(t))",
    premises="LP-FT upper bound < best lower bound of fine-tuning",
    premises_hold=lp_ft_beats_ft,
    smaller=highest_lp_ft_risk,
    larger=lowest_fine_tuning_risk,
    settings=(Setting.GOOD_FEATURES, Setting.SEVERAL_ID_DIRECTIONS, Setting.WIDE_SCALES),
    published=False,
    proof="docs/theory.md#the-dominance-certificate",
)
