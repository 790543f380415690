"""The table of claims: each statement with its status, the functions it is about, its test and its figures."""

from pages.blocks import table
from pages.evidence import evidence

#: Functions and figures of a statement; what is not named here has none of its own.
ABOUT = {
    "frozen_features": ("theory.fine_tuning", "toy_example"),
    "balancedness": ("theory.fine_tuning.lorentz", "toy_example"),
    "ft_ood_lower_bound": ("theory.bounds.published_lower_bound", "risk_along_flow"),
    "ft_ood_lower_bound_as_printed": ("theory.bounds.as_printed.printed_lower_bound", ""),
    "corrected_lower_bound": ("theory.bounds.corrected_lower_bound", "risk_along_flow"),
    "implicit_lower_bound": ("theory.bounds.implicit_lower_bound", "risk_along_flow"),
    "half_space_lower_bound": ("theory.bounds.half_space_lower_bound", "bounds_against_parameters"),
    "any_loss_lower_bound": ("theory.bounds.best_lower_bound", "any_loss"),
    "finite_step_lower_bound": ("theory.bounds.finite_steps", "last_layers_on_digits"),
    "weight_decay_lower_bound": ("theory.bounds.finite_steps", ""),
    "best_lower_bound": ("theory.bounds.best_lower_bound", "phase_diagram"),
    "linear_probing_upper_bound": ("theory.bounds.linear_probing_upper_bound", "risk_along_flow"),
    "lp_perfect_features": ("theory.linear_probing.limit", "certified_threshold"),
    "lp_beats_ft_ood": ("theory.bounds.lp_beats_ft", "side_by_side"),
    "early_stopping": ("theory.bounds.lp_beats_ft", "accuracy_along_training"),
    "ft_beats_lp_id": ("simulations.methods.fine_tuning", "side_by_side"),
    "ft_beats_lp_id_as_printed": ("theory.statements.ft_beats_lp_id_as_printed", ""),
    "id_subspace_loss": ("theory.risks.id_subspace_risk", ""),
    "lp_ft_perfect_features": ("simulations.methods.lp_ft", "toy_example"),
    "lp_ft_upper_bound": ("theory.bounds.lp_ft_upper_bound", "risk_along_flow"),
    "lp_ft_dominance": ("theory.bounds.lp_ft_beats_ft", "side_by_side"),
    "id_features_move_more": ("theory.bounds.lp_ft.lp_ft_feature_movement_bound", "feature_movement_on_images"),
    "ft_moves_id_features_most_as_printed": ("theory.statements.ft_moves_id_features_most_as_printed", ""),
    "ft_moves_id_features_most": ("theory.statements.ft_moves_id_features_most.movements", "feature_movement"),
}  # fmt: skip

SHORT = {
    "proved here and verified": "proved",
    "as published and verified": "verified",
    "false as published, with witness": "**false as printed**",
    "conjectured, no violation found": "no violation found",
}


def claims_table() -> str:
    """One row a statement, in the order of the argument."""
    from theory.statements import STATEMENTS

    verified = {claim["name"]: claim for claim in evidence()["claims"]}
    rows = []
    for statement in STATEMENTS:
        status = verified[statement.name]["status"] if statement.name in verified else "not verified yet"
        function, figures = ABOUT.get(statement.name, ("", ""))
        shown = SHORT.get(status, status)
        rows.append(
            [
                statement.claim,
                f"`{statement.name}`" + (" (paper)" if statement.published else ""),
                f"[{shown}]({statement.proof})" if statement.proof else shown,
                f"`{function}`" if function else "",
                f"`{figures}`" if figures else "",
            ]
        )
    return table(["claim", "name: `distort theory show NAME`", "status", "function", "figure"], rows)


def statements_counted() -> str:
    """How many statements there are, and how they stand."""
    statuses = [claim["status"] for claim in evidence()["claims"]]
    proved = statuses.count("proved here and verified")
    refuted = statuses.count("false as published, with witness")
    return (
        f"- **{len(statuses)} statements as code.** {proved} are proved here and hold on every random problem that "
        f"was drawn. {refuted} are false as the paper prints them, each with a counterexample that you can run. The "
        "paper's main lower bound is among these; a corrected one is proved, and so are sharper ones."
    )


def experiments_counted() -> str:
    """How many experiments take settings of the reader's own."""
    from bridge import EXPERIMENTS  # those of `simulations` among them

    beyond = sum(experiment.beyond_the_paper for experiment in EXPERIMENTS)
    return (
        f"**Simulate your own setting.** {len(EXPERIMENTS)} experiments, {beyond} of them beyond the paper, take "
        "dimensions, angles and feature errors of yours, and draw the figure at the size of your paper's column."
    )
