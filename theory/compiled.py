"""Functions of arrays as one program each, inside larger programs and by themselves.

Called line by line, a bound is thirty small programs, compiled one by one at the first call, and its loops are traced
again at every call.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import jax

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`jax.jit` for a public function, whose type stays what it was.

    Values are not known inside, so it is not for what checks them; a `Problem` is checked when it is made.
    """
    return cast(Function, jax.jit(function))
