from .catalogue import EXPERIMENTS
from .comparison import ComparedMethods, compare_on
from .experiment_modules import experiment_module
from .measured_task import MeasuredTask
from .pretrained_features import reduced_rank_features
from .version import __version__

__all__ = [
    "EXPERIMENTS",
    "ComparedMethods",
    "MeasuredTask",
    "__version__",
    "compare_on",
    "experiment_module",
    "reduced_rank_features",
]
