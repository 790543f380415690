"""How the paper's tables are laid out: methods in the norm modes in which it has them, columns in its order."""

from collections.abc import Mapping

from empirical.records.runs import NormMode, method_label

#: In the order of the tables.
PAPER_METHODS: Mapping[str, NormMode] = {"FT": "train", "LP": "eval", "LP-FT": "eval"}
#: The same methods as rows call them, by name.
PAPER_LABELS = {method: method_label(method, norm_mode) for method, norm_mode in PAPER_METHODS.items()}
#: Table 1, by data set.
ID_COLUMNS = ("cifar10", "entity30", "living17", "domainnet", "fmow", "imagenet")
#: Table 2.
OOD_COLUMNS = (
    "stl10", "cifar10_1", "entity30", "living17", "domainnet", "fmow",
    "imagenet_v2", "imagenet_r", "imagenet_sketch", "imagenet_a",
)  # fmt: skip
