"""Numbers to hold against theory: random problems, gradient flow, experiments. All randomness enters as a key.

Enable double precision first: `jax.config.update("jax_enable_x64", True)`. What is public stands in `__init__.pyi` and
is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
