"""A classifier on every set at once, in eval mode."""

from empirical.evaluation.judging import Evaluation, evaluate, set_metrics
from empirical.evaluation.sets import BATCH_SIZE, RESIDENT_BYTES, EvaluationSet, EvaluationSets, evaluation_sets

__all__ = [
    "BATCH_SIZE",
    "RESIDENT_BYTES",
    "Evaluation",
    "EvaluationSet",
    "EvaluationSets",
    "evaluate",
    "evaluation_sets",
    "set_metrics",
]
