"""Simulations with made-up numbers, for tests of what is drawn: the theory's orders at sizes that are read at a glance.

In distribution FT and LP-FT are exact and LP is not; out of distribution FT is worst, LP-FT best.
"""

import dataclasses
from functools import partial
from pathlib import Path

import equinox as eqx
import numpy as np

from artifacts import publish
from artifacts.files import write_json
from bridge.comparison import ComparedMethods, Theorems, Tuned
from bridge.experiments.linear_network_on_digits import LinearNetworkOnDigitsData
from simulations.bounds import Bounds
from simulations.by_method import ByMethod, FlowRisks
from simulations.comparison import Comparison
from simulations.experiment import Configuration
from simulations.experiments.bounds_against_parameters import BoundsAgainstParametersData
from simulations.experiments.head_start import HeadStartData
from simulations.experiments.id_ood_tradeoff import IdOodTradeoffData
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.experiments.risk_along_flow import RiskAlongFlowData
from simulations.records import SUMMARY, folder, save
from simulations.trajectory import Trajectory

EXACT = "exact: made up"


class MadeUp(Configuration):
    """No configuration made these numbers."""


def write(results: Path) -> None:
    """Every experiment that a side-by-side figure reads, published like a real one."""
    for name, data in (
        ("id_ood_tradeoff", tradeoff()),
        ("risk_along_flow", along_flow()),
        ("lp_ft_with_imperfect_features", improving()),
        ("bounds_against_parameters", swept()),
        ("head_start", heads()),
        ("linear_network_on_digits", on_digits()),
    ):
        publish(folder(name, results), inputs={}, build=partial(_write, name, data))


def _write(name: str, data: object, directory: Path) -> None:
    save(data, directory, MadeUp())
    write_json(directory / SUMMARY, {"name": name, "seconds": 0.5, "solved_by": [EXACT]})


def on_digits() -> LinearNetworkOnDigitsData:
    """Two draws at three angles: FT falls below LP at the last, where a refitted head reads as well as LP."""

    def tuned(accuracy: tuple[float, ...], distance: float) -> Tuned:
        rows, draws = np.tile(accuracy, (2, 1)), np.ones(2)
        return Tuned(
            accuracy=rows, refitted=np.maximum(rows, 0.6), followed=rows, best_accuracy=rows, stopped=draws,
            at_edge=0 * draws, distance=distance * draws, lowest_distance=distance * draws,
        )  # fmt: skip

    numbers = {field.name: np.ones(2) for field in dataclasses.fields(Theorems)}
    return LinearNetworkOnDigitsData(
        angles=np.array([0.0, 45.0, 90.0]),
        compared=ComparedMethods(
            methods=ByMethod(tuned((0.7, 0.7, 0.6), 6.0), tuned((0.85, 0.8, 0.1), 13.0), tuned((0.8, 0.8, 0.5), 7.0)),
            shared=np.full((2, 3), 0.65),
            theorems=Theorems(**numbers | {"half_space": np.full(2, 0.3), "implicit": np.full(2, 2.5)}),
        ),
        solved_by=EXACT,
    )


def tradeoff() -> IdOodTradeoffData:
    """Four problems, the last with features too bad to be shown."""
    factor = np.array([[0.5], [1.0], [2.0], [1e6]])
    return IdOodTradeoffData(
        feature_errors=np.array([0.01, 0.02, 0.05, 0.9]),
        angles=np.full(4, 0.8),
        comparison=comparison(factor),
        ood_share=0.5,
        solved_by=EXACT,
    )


def improving() -> ImperfectFeaturesData:
    """Errors of LP and LP-FT fall with eps, those of FT hardly."""
    errors = np.array([1e-3, 1e-2, 1e-1, 1.0])
    factor = np.outer(errors / errors[-1], np.ones(3))
    flat = np.outer(1 + 0.1 * np.arange(4), np.ones(3))
    return ImperfectFeaturesData(
        feature_errors=errors, comparison=with_fine_tuning(comparison(factor), flat), solved_by=EXACT
    )


def swept() -> BoundsAgainstParametersData:
    """FT's error grows with the angle, LP's hardly."""
    values = np.array([[0.1, 1.0, 10.0]] * 2 + [[0.2, 0.8, 1.4], [0.01, 0.1, 1.0], [0.1, 1.0, 10.0]])
    base = np.ones((5, 3, 2)) * np.array([1.0, 1.01, 1.02])[None, :, None]
    return BoundsAgainstParametersData(
        values=values,
        comparison=with_fine_tuning(comparison(base), base * np.array([1.0, 10.0, 100.0])[None, :, None]),
        features=np.array([1, 4]),
        comparison_by_features=comparison(np.ones((2, 2))),
        solved_by=EXACT,
    )


def heads() -> HeadStartData:
    """Twenty shares and two problems; phi and FT's risk fall together."""
    shares = np.linspace(0, 1, 20)
    phi = np.outer(1.1 - shares, np.array([1.0, 1.001]))
    return HeadStartData(
        shares=shares,
        comparison=with_fine_tuning(comparison(np.ones((20, 2)), head_error=phi), phi**2),
        solved_by=EXACT,
    )


def along_flow() -> RiskAlongFlowData:
    """FT's ID risk falls to zero, its OOD risk does not; LP and LP-FT stay where they are."""
    times = np.array([0.0, 0.1, 1.0, 10.0, np.inf])
    fall = np.array([1.0, 0.5, 0.1, 0.001, 0.0])
    flat = np.ones(5)
    return RiskAlongFlowData(
        linear_probing=trajectory(times, 1e-4 * flat, 1e-3 * flat),
        fine_tuning=trajectory(times, fall, 0.5 + fall),
        lp_ft=trajectory(times, 1e-4 * fall, 0.9e-3 * flat),
        bounds=bounds(1.0),
    )


def trajectory(times: np.ndarray, id_risk: np.ndarray, ood_risk: np.ndarray) -> Trajectory:
    nothing = np.zeros_like(times)
    return Trajectory(
        times=times,
        heads=nothing[:, None],
        id_risk=id_risk,
        ood_risk=ood_risk,
        training_loss=id_risk,
        id_feature_movement=nothing,
        ood_feature_movement=nothing,
        conserved_drift=nothing,
        solved_by=EXACT,
    )


def comparison(factor: np.ndarray, *, head_error: np.ndarray | None = None) -> Comparison:
    """Risks of every method, times a factor."""
    return Comparison(
        head_error=factor if head_error is None else head_error,
        methods=ByMethod(
            linear_probing=flow_risks(factor, id=1e-4, ood=1e-3, movement=0.0),
            fine_tuning=flow_risks(factor, id=0.0, ood=0.3, movement=0.5),
            lp_ft=flow_risks(factor, id=1e-30, ood=0.8e-3, movement=0.01),
        ),
        bounds=bounds(factor),
        solved=np.ones(factor.shape, dtype=bool),
    )


def flow_risks(factor: np.ndarray, *, id: float, ood: float, movement: float) -> FlowRisks:
    """The lowest OOD risk is two thirds of the last, the highest a quarter more."""
    values = {"id": id, "ood": ood, "lowest_ood": ood * 2 / 3, "highest_ood": ood * 1.25, "movement": movement}
    return FlowRisks(**{name: value * factor for name, value in values.items()})


def with_fine_tuning(comparison: Comparison, ood: np.ndarray) -> Comparison:
    """The same with other OOD risks of fine-tuning at its limit."""
    return eqx.tree_at(lambda compared: compared.methods.fine_tuning.ood, comparison, ood)


def bounds(factor: np.ndarray | float) -> Bounds:
    value, half = np.asarray(0.1 * factor), np.asarray(0.05 * factor)
    return Bounds(
        published=value,
        corrected=half,
        implicit=value,
        half_space=value,
        linear_probing=value,
        lp_ft=value,
        lp_ft_movement=value,
    )
