"""The paper's three methods by name, in the order of every table and legend; light to import."""

from typing import Literal, get_args

MethodName = Literal["linear_probing", "fine_tuning", "lp_ft"]
METHODS: tuple[MethodName, ...] = get_args(MethodName)
#: As the paper abbreviates them; the benchmark's rows have these names.
LABELS: dict[str, str] = {"linear_probing": "LP", "fine_tuning": "FT", "lp_ft": "LP-FT"}
