"""Methods as data: what is adapted, from where, how. Read without JAX; `training` does what they say.

A method is composed of small values, each in a file of its own: which parameters (`parameters`), from which head
(`heads`), when (`unfreezing`), by which optimiser (`optimisers`), with what beside (`ingredients`).
"""

from empirical.methods.heads import HeadStart, PartialProbe, ScaledRandom
from empirical.methods.ingredients import L2SP, InterpolationWeights, LoRA, Mixup, SideTuning
from empirical.methods.method import Method
from empirical.methods.named import (
    FINE_TUNING,
    FREEZE_THEN_FT,
    FROZEN_EMBEDDING,
    FT,
    FT_ADAMW,
    FT_EVAL,
    GRADUAL_UNFREEZING,
    GRADUAL_UNFREEZING_BOOSTED,
    L2_SP,
    LARGER_HEAD_RATE,
    LORA,
    LOWER_EMBEDDING_RATE,
    LP,
    LP_FT,
    LP_FT_ADAMW,
    LP_FT_L2_SP,
    LP_FT_TRAIN,
    METHODS,
    MIXUP,
    NORM_MATCHED_LP_FT,
    NORM_ONLY,
    SGD_PROBE,
    SGD_PROBE_TRAIN,
    SIDE_TUNING,
    WISE_FT,
)  # fmt: skip
from empirical.methods.optimisers import SGD, AdamW, Schedule
from empirical.methods.parameters import EMBEDDING, KINDS, Kind, Parameters, RateFactor
from empirical.methods.reading import method, read_method
from empirical.methods.unfreezing import AllAtOnce, FromTheTop

__all__ = [
    "EMBEDDING", "FINE_TUNING", "FREEZE_THEN_FT", "FROZEN_EMBEDDING", "FT", "FT_ADAMW", "FT_EVAL", "GRADUAL_UNFREEZING",
    "GRADUAL_UNFREEZING_BOOSTED", "KINDS", "L2SP", "L2_SP", "LARGER_HEAD_RATE", "LORA", "LOWER_EMBEDDING_RATE", "LP",
    "LP_FT", "LP_FT_ADAMW", "LP_FT_L2_SP", "LP_FT_TRAIN", "METHODS", "MIXUP", "NORM_MATCHED_LP_FT", "NORM_ONLY", "SGD",
    "SGD_PROBE", "SGD_PROBE_TRAIN", "SIDE_TUNING", "WISE_FT", "AdamW", "AllAtOnce", "FromTheTop", "HeadStart",
    "InterpolationWeights", "Kind", "LoRA", "Method", "Mixup", "Parameters", "PartialProbe", "RateFactor",
    "ScaledRandom", "Schedule", "SideTuning", "method", "read_method",
]  # fmt: skip
