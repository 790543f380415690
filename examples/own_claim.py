"""Claims of one's own about the linear theory: verified on random problems, then attacked.

    python examples/own_claim.py                                             # verifies both, attacks the second
    distort theory verify examples/own_claim.py:BETWEEN --dimensions d=20,k=3,m=1
    distort theory attack examples/own_claim.py:BETWEEN

The first claim is a conjecture that neither refutes. The second falls at once.
"""

import jax
import jax.numpy as jnp

from theory import Evidence, LinearNetwork, Problem, Setting, Statement, ood_risk


def root_ood_risk_at_the_end(networks: LinearNetwork, problem: Problem) -> jax.Array:
    """sqrt(OOD risk) of the last network of a path."""
    return jnp.sqrt(ood_risk(jax.tree.map(lambda leaf: leaf[-1], networks), problem))


def of_lp_ft(evidence: Evidence) -> jax.Array:
    return root_ood_risk_at_the_end(evidence.lp_ft, evidence.problem)


def of_the_worse_part(evidence: Evidence) -> jax.Array:
    """The larger of what linear probing and fine-tuning end with."""
    return jnp.maximum(
        root_ood_risk_at_the_end(evidence.linear_probing, evidence.problem),
        root_ood_risk_at_the_end(evidence.fine_tuning, evidence.problem),
    )


BETWEEN = Statement(
    name="lp_ft_between",
    source="a conjecture",
    claim="LP-FT ends no worse out of distribution than the worse of linear probing and fine-tuning.",
    latex=r"L_{ood}(\mathrm{LP\text{-}FT}) \le \max(L_{ood}(\mathrm{LP}), L_{ood}(\mathrm{FT}))",
    premises="none",
    premises_hold=lambda problem: True,
    smaller=of_lp_ft,
    larger=of_the_worse_part,
    settings=(Setting.ONE_ID_DIRECTION, Setting.SEVERAL_ID_DIRECTIONS),
    published=False,
    bound="larger",
)


IMPROVES = Statement(
    name="ft_improves_ood",
    source="a hope",
    claim="Fine-tuning ends no worse out of distribution than it began.",
    latex=r"L_{ood}(v_{ft}(\infty), B_{ft}(\infty)) \le L_{ood}(v_0, B_0)",
    premises="none",
    premises_hold=lambda problem: True,
    smaller=lambda evidence: root_ood_risk_at_the_end(evidence.fine_tuning, evidence.problem),
    larger=lambda evidence: jnp.sqrt(ood_risk(evidence.problem.pretrained, evidence.problem)),
    settings=(Setting.ONE_ID_DIRECTION,),
    published=False,
    bound="larger",
)


def main() -> None:
    from simulations import Dimensions, verify
    from simulations.attack import PROBLEMS_PER_ROUND, attack, shapes_of

    large, small = Dimensions(input_dim=20, feature_dim=3, id_dim=1), Dimensions(input_dim=5, feature_dim=2, id_dim=1)
    for result in verify([BETWEEN, IMPROVES], examples=100, dimensions=large):
        print(f"{result.name}: {result.status} ({result.violations} of {result.checked} problems violate it)")
    searched = attack(IMPROVES, budget=PROBLEMS_PER_ROUND, shapes=shapes_of(small)[:1])
    verdict = "violated" if searched.violated else "no violation found"
    print(f"{IMPROVES.name}, attacked: {verdict}; smallest ratio of the sides {searched.smallest_ratio:.4f}")


if __name__ == "__main__":
    from artifacts.runtime import prepare_jax

    prepare_jax()
    main()
