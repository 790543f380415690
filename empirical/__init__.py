"""The paper's questions on real images: does fine-tuning distort features, and what does that cost?

A `Suite` names recipes; `plan` turns them into runs; `run_suite` makes the runs with an executor; `collect` reads them
back as one `Benchmark`, which `read_benchmark` reads from its file. Parameters, images and random draws are float32
whether or not the process runs in double precision. What is public stands in `__init__.pyi` and is imported when it is
first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
