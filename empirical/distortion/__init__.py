"""The theory's questions asked of real features: how far they move, where OOD data lies, what the bounds would say.

What is public stands in `__init__.pyi` and is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
