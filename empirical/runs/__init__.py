"""What a worker does with a unit: each kind of work in a file of its own, each publishing one run directory.

What is public stands in `__init__.pyi` and is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
