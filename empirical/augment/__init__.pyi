from .applying import apply
from .transforms import OWN, Pipelines, Transform

__all__ = ["OWN", "Pipelines", "Transform", "apply"]
