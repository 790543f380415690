from .publishers import PUBLISHERS, run_unit

__all__ = ["PUBLISHERS", "run_unit"]
