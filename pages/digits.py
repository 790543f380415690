"""Tables of the benchmark's page: the confirmed run of the embedded digits (`benchmarks/results/embedded.json`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pages.blocks import table
from pages.evidence import embedded

BEST, CAREFUL = "best", "one standard error"
#: Names of columns that are narrower than the set's own.
SHORT = {"textured_inverted": "tex. inv.", "outline_inverted": "outl. inv.", "coloured_inverted": "col. inv."}
#: Differences in the order of the argument, with their words; `{minuend} − {subtrahend}` where there are none.
DIFFERENCES = {
    "ft_minus_lp": "FT (train) − LP",
    "lp_ft_minus_lp": "LP-FT (eval) − LP",
    "lp_ft_minus_ft": "LP-FT (eval) − FT (train)",
    "head_start_eval": "head start: LP-FT − FT, eval",
    "head_start_train": "head start: LP-FT − FT, train",
    "norm_mode_ft": "norm mode: FT, eval − train",
    "norm_mode_lp_ft": "norm mode: LP-FT, eval − train",
}
GROUPS = ("ID", "large shift", "small shift", "near ID", "OOD")
#: The only set of the mean over OOD columns that is in no other group.
LEFT = {"OOD": "optdigits"}


def embedded_sets_table() -> str:
    """How far each OOD set lies from ID, and what a head can read of it, before any method ran."""
    rows = [
        [
            _spoken(measured["name"]),
            f"{measured['pixel_energy_outside']:.2f}",
            f"{measured['feature_energy_outside']:.3f}",
            measured["shift"],
            "" if measured["own_head_accuracy"] is None else f"{measured['own_head_accuracy']:.3f}",
            f"{measured['shared_head_accuracy']:.3f}",
        ]
        for measured in embedded()["sets"]
    ]
    header = [
        "OOD set",
        "energy outside, pixels",
        "energy outside, features",
        "shift",
        "head of its own",
        "shared head",
    ]
    return table(header, rows)


def embedded_best_table() -> str:
    """Every method at the learning rate of highest ID validation accuracy."""
    return _rows([row for row in embedded()["rows"] if row["rule"] == BEST])


def embedded_careful_table() -> str:
    """The methods whose careful rate is another."""
    best = {_method(row): row["learning_rate"] for row in embedded()["rows"] if row["rule"] == BEST}
    careful = [row for row in embedded()["rows"] if row["rule"] == CAREFUL]
    return _rows([row for row in careful if row["learning_rate"] != best[_method(row)]])


def embedded_differences_table() -> str:
    """Paired differences under both rules, in one row where both chose the same runs."""
    differences = {
        (paired["rule"], paired["name"], paired["group"]): paired["difference"]
        for paired in embedded()["differences"]
        if not paired["condition"]
    }
    rows = []
    for name, words in DIFFERENCES.items():
        cells = {rule: [_signed(differences[rule, name, group]) for group in GROUPS] for rule in (BEST, CAREFUL)}
        if cells[BEST] == cells[CAREFUL]:
            rows.append([words, "both", *cells[BEST]])
        else:
            rows += [[words, rule, *cells[rule]] for rule in (BEST, CAREFUL)]
    header = ["paired difference", "rule", *(LEFT.get(group, group) for group in GROUPS)]
    return table(header, rows)


def embedded_rates_table() -> str:
    """ID validation, ID test and large shift at every rate of the grids."""
    grids = {_method(row): row["grid"] for row in embedded()["rows"] if row["rule"] == BEST and row["method"] != "LP"}
    rates = sorted({rate for grid in grids.values() for rate in grid}, key=float)
    rows = [
        [_rate(float(rate)), *(", ".join(f"{value:.3f}" for value in grid.get(rate, ())) for grid in grids.values())]
        for rate in rates
    ]
    return table(["learning rate", *grids], rows)


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(rows[0]["sets"])
    body = [
        [
            row["method"],
            row["norm_mode"],
            "" if row["learning_rate"] is None else _rate(row["learning_rate"]) + ", edge" * bool(row["grid_edge"]),
            _interval(row["id"]),
            _interval(row["ood"]),
            *(f"{row['sets'][name][0]:.3f}" for name in names),
        ]
        for row in rows
    ]
    titles = [SHORT.get(name, _spoken(name)) for name in names]
    return table(["method", "norm mode", "learning rate", "ID", "large shift", *titles], body)


def _spoken(name: str) -> str:
    return name.replace("_", " ").replace("near id", "near ID")


def _method(row: Mapping[str, Any]) -> str:
    return f"{row['method']} ({row['norm_mode']})"


def _rate(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _interval(estimate: Sequence[float]) -> str:
    return f"{estimate[0]:.3f} ± {estimate[1]:.3f}"


def _signed(difference: Mapping[str, Any]) -> str:
    return f"{difference['mean']:+.3f} ± {difference['ci90']:.3f}".replace("-", "−")
