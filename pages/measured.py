"""Tables of what was measured on images, and of what the paper reports."""

from typing import Any

from pages.blocks import table
from pages.evidence import embedded, evidence, flagship, verdict


def percent(value: float | None, half_width: float | None = None) -> str:
    """An accuracy in percent, with half the width of its 90 % interval."""
    if value is None:
        return ""
    return f"{100 * value:.1f}" + (f" ± {100 * half_width:.1f}" if half_width is not None else "")


def _dataset_rows(name: str) -> list[dict[str, Any]]:
    return [row for row in evidence()["benchmark"] if row["dataset"] == name]


def measured_table() -> str:
    """Accuracy of every method on every data set of the main job, ID and OOD."""
    parts = []
    for dataset in evidence()["datasets"]:
        rows = _dataset_rows(dataset["name"])
        columns = [name for name in dataset["titles"] if any(name in row["per_column"] for row in rows)]
        several = columns if len(columns) > 1 else []
        body = [
            [
                row["method"],
                row["norm_mode"],
                percent(row["id_accuracy"], row["id_ci90"]),
                percent(row["ood_accuracy"], row["ood_ci90"]),
                *(percent(row["per_column"][name]["mean"], row["per_column"][name]["ci90"]) for name in several),
            ]
            for row in rows
        ]
        header = ["method", "norm layers", "ID", "OOD", *(dataset["titles"][name] for name in several)]
        seeds = max((len(row["seeds"]) for row in rows), default=0)
        parts.append(f"**{dataset['title']}**, {seeds} seeds:\n\n{table(header, body, numbers_from=2)}")
    return "\n\n".join(parts)


def picture_caption() -> str:
    """What the picture of the first screen shows, and how far its two sides agree."""
    commands = ", ".join(f"`{command}`" for command in flagship()["commands"])
    return (
        "*Left: squared error in the linear theory, solved exactly. Middle: the theory's own network, solved exactly "
        "on pixels of real digits, as their ink turns away from that of training. Right: error rates of a deep "
        "network on real digits, with 90 % intervals over five networks; on grey ground the theory's premises do not "
        "hold. Open circles: FT with its head refitted out of distribution. Open triangles: LP-FT at the lowest "
        f"learning rate that ID validation cannot tell from the best. {verdict()} ({commands})*"
    )


def paper_table() -> str:
    """Averages over the paper's ten data sets, and below them what was measured here on other images."""
    from empirical.recipes.published import ID_AVERAGE, OOD_AVERAGE
    from empirical.records import PAPER_METHODS

    methods = ("LP", "FT", "LP-FT")
    rows = [
        ["The paper's ten data sets (published)", "ID", *(f"{ID_AVERAGE[method]:.1f}" for method in methods)],
        ["The paper's ten data sets (published)", "OOD", *(f"{OOD_AVERAGE[method]:.1f}" for method in methods)],
    ]
    measured = embedded()["rows"]
    probed = [row for row in measured if row["method"] == "LP"]
    for rule, words in (("best", "best rate"), ("one standard error", "careful rate")):
        chosen = [*probed, *(row for row in measured if row["rule"] == rule)]
        by_method = {(row["method"], row["norm_mode"]): row for row in chosen}
        for label, side in (("ID", "id"), ("OOD, large shift", "ood")):
            cells = [percent(*by_method[method, PAPER_METHODS[method]][side]) for method in methods]
            rows.append([f"Handwritten digits (measured here, {words})", label, *cells])
    return table(["accuracy in percent", "", *methods], rows, numbers_from=2)


def agreement_table() -> str:
    """How far the networks of the first picture order methods as the theory does, where its premises hold and not."""
    met = flagship()["agreement"]
    rows = [
        [
            name,
            f"{agreement['tau']:+.2f}",
            str(agreement["pairs"]),
            str(agreement["told_apart"]),
            str(agreement["alike"]),
        ]
        for name, agreement in (("hold", met), ("do not hold", met["unmet"]))
    ]
    header = [
        "the theory's premises",
        "Kendall's tau",
        "pairs the theory orders",
        "of these told apart here",
        "ordered as in theory",
    ]
    return table(header, rows, numbers_from=1)
