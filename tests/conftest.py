"""Double precision for the whole suite, and Hypothesis profiles that fit two cores."""

import jax
from hypothesis import HealthCheck, settings

jax.config.update("jax_enable_x64", True)

# A first example compiles; later ones take milliseconds. Deadlines would measure the compiler.
settings.register_profile("default", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")
