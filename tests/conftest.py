"""Double precision for the whole suite, and Hypothesis profiles that fit two cores."""

import pytest
from hypothesis import HealthCheck, settings

from artifacts.runtime import prepare_jax

prepare_jax()

import jax  # noqa: E402  (after it is prepared)

# A first example compiles; later ones take milliseconds. Deadlines would measure the compiler.
settings.register_profile("default", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Forget what was compiled for a folder when it is done: folders share little, and it takes gigabytes."""
    if nextitem is not None and nextitem.path.parent != item.path.parent:
        jax.clear_caches()
