"""Two-layer linear networks: definitions, exact solutions, bounds and the paper's statements.

A formula and its premises, no randomness, no integration over time, no files. Everything here follows the submission's
conventions: training loss `||X B^T v - Y||^2` (no 1/2, no 1/n), time = learning rate x steps, angles in radians.
Enable double precision first: `jax.config.update("jax_enable_x64", True)`.

What is public stands in `__init__.pyi` and is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
