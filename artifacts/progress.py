"""How long work tells its caller where it is."""

from collections.abc import Callable

#: Called with a message and the share in [0, 1] that is done.
Progress = Callable[[str, float], None]


def silent(message: str, fraction: float) -> None:
    """Progress that nobody wants to hear."""
