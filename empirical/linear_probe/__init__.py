"""Linear probing: multinomial logistic regression on cached features, over a whole path of L2 penalties.

The paper's procedure: features standardised by two scalars, minimise `|W|^2 / 2 + C sum of cross-entropies` with an
unpenalised intercept for 50 values of C, choose C by ID validation accuracy, and return the head to raw feature space
exactly, so that the network with that head *is* the probe. Source: docs/protocol.md, section 5.1.

What is public stands in `__init__.pyi` and is imported when it is first used: recipes name settings of probes, and need
no solver.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
