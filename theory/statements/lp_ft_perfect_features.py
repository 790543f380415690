"""With perfect features LP-FT starts at the truth and stays there; fine-tuning from a random head never reaches it."""

from theory.statements.ft_ood_lower_bound import lowest_fine_tuning_risk
from theory.statements.lp_ft_upper_bound import highest_lp_ft_risk
from theory.statements.premises import features_are_perfect, on_subspace_visible
from theory.statements.statement import Setting, Statement

STATEMENT = Statement(
    name="lp_ft_perfect_features",
    order=100,
    source="submission, Proposition 3.2",
    claim="With perfect features LP-FT has OOD risk 0 at all times, fine-tuning a positive one almost surely.",
    latex=r"L_{ood}(v_{lpft}(t), B_{lpft}(t)) = 0 < L_{ood}(v_{ft}(t), B_{ft}(t)) \quad \text{for all } t",
    premises="B0 = U B* for a rotation U, cos theta_max(R0, S) != 0, k <= m",
    premises_hold=lambda problem: features_are_perfect(problem) & on_subspace_visible(problem),
    smaller=highest_lp_ft_risk,
    larger=lowest_fine_tuning_risk,
    settings=(Setting.PERFECT_FEATURES,),
    published=True,
    proof="docs/theory.md#the-lp-ft-upper-bound",
)
