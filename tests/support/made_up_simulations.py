"""Simulations with made-up numbers, for tests of what is drawn: the theory's orders at sizes that are read at a glance.

In distribution FT and LP-FT are exact and LP is not; out of distribution FT is worst, LP-FT best.
"""

from functools import partial
from pathlib import Path

import numpy as np

from artifacts import publish
from artifacts.files import write_json
from simulations.bounds import Bounds
from simulations.experiment import Configuration
from simulations.experiments.bounds_against_parameters import BoundsAgainstParametersData
from simulations.experiments.head_start import HeadStartData
from simulations.experiments.id_ood_tradeoff import IdOodTradeoffData
from simulations.experiments.lp_ft_with_imperfect_features import ImperfectFeaturesData
from simulations.experiments.risk_along_flow import RiskAlongFlowData
from simulations.measured import Measured
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
    ):
        publish(folder(name, results), inputs={}, build=partial(_write, name, data))


def _write(name: str, data: object, directory: Path) -> None:
    save(data, directory, MadeUp())
    write_json(directory / SUMMARY, {"name": name, "seconds": 0.5, "solved_by": [EXACT]})


def tradeoff() -> IdOodTradeoffData:
    """Four problems, the last with features too bad to be shown."""
    factor = np.array([[0.5], [1.0], [2.0], [1e6]])
    return IdOodTradeoffData(
        feature_errors=np.array([0.01, 0.02, 0.05, 0.9]),
        angles=np.full(4, 0.8),
        measured=measured(factor),
        solved_by=EXACT,
    )


def improving() -> ImperfectFeaturesData:
    """Errors of LP and LP-FT fall with eps, those of FT hardly."""
    errors = np.array([1e-3, 1e-2, 1e-1, 1.0])
    factor = np.outer(errors / errors[-1], np.ones(3))
    found = measured(factor)
    flat = np.outer(1 + 0.1 * np.arange(4), np.ones(3))
    return ImperfectFeaturesData(feature_errors=errors, measured=with_ft(found, flat), solved_by=EXACT)


def swept() -> BoundsAgainstParametersData:
    """FT's error grows with the angle, LP's hardly."""
    values = np.array([[0.1, 1.0, 10.0]] * 2 + [[0.2, 0.8, 1.4], [0.01, 0.1, 1.0], [0.1, 1.0, 10.0]])
    base = np.ones((5, 3, 2)) * np.array([1.0, 1.01, 1.02])[None, :, None]
    return BoundsAgainstParametersData(
        values=values,
        measured=with_ft(measured(base), base * np.array([1.0, 10.0, 100.0])[None, :, None]),
        features=np.array([1, 4]),
        measured_by_features=measured(np.ones((2, 2))),
        solved_by=EXACT,
    )


def heads() -> HeadStartData:
    """Twenty shares and two problems; phi and FT's risk fall together."""
    shares = np.linspace(0, 1, 20)
    phi = np.outer(1.1 - shares, np.array([1.0, 1.001]))
    return HeadStartData(
        shares=shares, measured=with_ft(measured(np.ones((20, 2))), phi**2, head_error=phi), solved_by=EXACT
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


def measured(factor: np.ndarray) -> Measured:
    """Risks of every method, times a factor."""
    return Measured(
        head_error=factor,
        lp_id=1e-4 * factor,
        lp_ood=1e-3 * factor,
        lp_best_ood=1e-3 * factor,
        ft_id=0 * factor,
        ft_ood=0.3 * factor,
        ft_best_ood=0.2 * factor,
        lp_ft_id=1e-30 * factor,
        lp_ft_ood=0.8e-3 * factor,
        lp_ft_worst_ood=1e-3 * factor,
        ft_movement=0.5 * factor,
        lp_ft_movement=0.01 * factor,
        bounds=bounds(factor),
        solved=np.ones(factor.shape, dtype=bool),
    )


def with_ft(found: Measured, ft_ood: np.ndarray, **other: np.ndarray) -> Measured:
    return Measured(**{**vars(found), "ft_ood": ft_ood, **other})


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
