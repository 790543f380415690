"""The methods that have names: the paper's, its ablations, and what came after.

Source: docs/protocol.md, sections 4 and 7.
"""

from collections.abc import Mapping
from math import exp

from empirical.methods.ingredients import L2SP, InterpolationWeights, LoRA, Mixup, SideTuning
from empirical.methods.method import Method
from empirical.methods.optimisers import AdamW
from empirical.methods.parameters import EMBEDDING, KINDS, RateFactor
from empirical.methods.unfreezing import AllAtOnce, FromTheTop

LP = Method(name="LP", head_start="linear_probe", norm_mode="eval", trains=())
FT = Method(name="FT", head_start="random", norm_mode="train", trains=KINDS)
FT_EVAL = FT.model_copy(update={"norm_mode": "eval"})
LP_FT = Method(name="LP-FT", head_start="linear_probe", norm_mode="eval", trains=KINDS)
LP_FT_TRAIN = LP_FT.model_copy(update={"norm_mode": "train"})
#: The 2 x 2: the paper compares FT in train mode with LP-FT in eval mode, which mixes two changes.
FINE_TUNING = (FT, FT_EVAL, LP_FT, LP_FT_TRAIN)


def _variant(of: Method, name: str, **changes: object) -> Method:
    return Method.model_validate({**dict(of), "name": name, **changes})


SGD_PROBE = _variant(FT_EVAL, "SGD probe", trains=("head",))
#: As the paper's released configuration has it, against its own description.
SGD_PROBE_TRAIN = _variant(SGD_PROBE, "SGD probe", norm_mode="train")
L2_SP = _variant(FT, "L2-SP", penalty=L2SP())
LP_FT_L2_SP = _variant(LP_FT, "LP-FT + L2-SP", penalty=L2SP())
SIDE_TUNING = _variant(FT, "side-tuning", adapter=SideTuning())
LARGER_HEAD_RATE = _variant(FT, "larger head rate", rate_factors=(RateFactor(kinds=("head",), factor=10.0),))
NORM_ONLY = _variant(FT, "norm-only FT", trains=("norm_affine", "head"))
NORM_MATCHED_LP_FT = _variant(LP_FT, "norm-matched LP-FT", head_start="norm_matched_probe")
FROZEN_EMBEDDING = _variant(FT, "frozen embedding", freezes=(EMBEDDING,))
LOWER_EMBEDDING_RATE = _variant(
    FT, "lower embedding rate", rate_factors=(RateFactor(**{**dict(EMBEDDING), "factor": 0.2}),)
)
#: With AdamW as the later paper has it the embedding opens too: leave `freezes` out.
GRADUAL_UNFREEZING = _variant(FT, "gradual unfreezing", freezes=(EMBEDDING,), unfreezing=FromTheTop())
GRADUAL_UNFREEZING_BOOSTED = _variant(
    GRADUAL_UNFREEZING, "gradual unfreezing, boosted", unfreezing=FromTheTop(initial_boost=exp(3.73))
)
FREEZE_THEN_FT = _variant(FT, "freeze then FT", unfreezing=AllAtOnce(epoch=1))
MIXUP = _variant(FT, "mixup", mixing=Mixup(alpha=0.5))
LORA = _variant(LP_FT, "LoRA", trains=("head",), adapter=LoRA())
WISE_FT = _variant(LP_FT, "WiSE-FT", interpolation=InterpolationWeights())
FT_ADAMW = _variant(FT, "FT, AdamW", optimiser=AdamW())
LP_FT_ADAMW = _variant(LP_FT, "LP-FT, AdamW", optimiser=AdamW())

_ALL = (
    LP, *FINE_TUNING, SGD_PROBE, SGD_PROBE_TRAIN, L2_SP, LP_FT_L2_SP, SIDE_TUNING, LARGER_HEAD_RATE, NORM_ONLY,
    NORM_MATCHED_LP_FT, FROZEN_EMBEDDING, LOWER_EMBEDDING_RATE, GRADUAL_UNFREEZING, GRADUAL_UNFREEZING_BOOSTED,
    FREEZE_THEN_FT, MIXUP, LORA, WISE_FT, FT_ADAMW, LP_FT_ADAMW,
)  # fmt: skip
#: By label, "LP-FT (eval)".
METHODS: Mapping[str, Method] = {method.label: method for method in _ALL}
