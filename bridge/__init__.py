"""Linear theory on measured inputs: two-layer linear networks, solved exactly, on the second moments of real images.

Between `simulations`, where inputs are random, and `empirical`, where networks are deep; it knows both. What is public
stands in `__init__.pyi` and is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
