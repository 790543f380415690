"""Pictures and report from saved results; nothing here simulates or trains.

`FIGURES` lists every figure; `entry(name).load()` is its module, with `collect(results)` and `draw(data)`. What is
public stands in `__init__.pyi` and is imported when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
