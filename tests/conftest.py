"""Double precision for the whole suite, and Hypothesis profiles that fit two cores."""

from hypothesis import HealthCheck, settings

from artifacts.runtime import prepare_jax

prepare_jax()

# A first example compiles; later ones take milliseconds. Deadlines would measure the compiler.
settings.register_profile("default", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")
