"""The statements of the paper and ours, one file each. A file in this folder that has a `STATEMENT` is one of them.

Their order, that in which the argument runs, is the statements' own (`Statement.order`): who adds a statement adds a
file, and touches no list. What is public stands in `__init__.pyi` and is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
