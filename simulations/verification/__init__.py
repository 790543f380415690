"""Statements checked on random problems: families to draw from, evidence, what was found, and its files.

What is public stands in `__init__.pyi` and is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
