"""Functions of arrays as one program each, inside larger programs and by themselves.

Called line by line, a bound is thirty small programs, compiled one by one at the first call, and its loops are traced
again at every call.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import jax

from theory.problem import Problem

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`jax.jit` for a public function, whose type stays what it was; values are not known inside."""
    return cast(Function, jax.jit(function))


def compiled_and_checked(function: Function) -> Function:
    """The same for a function of problems, whose frames and numbers are checked where they are known.

    A problem was checked when it was made, but not what `equinox.tree_at` changed since; a bound of such a problem
    would be a number that bounds nothing.
    """
    program = jax.jit(function)

    @wraps(function)
    def checked(*arguments: Any, **options: Any) -> Any:
        for argument in (*arguments, *options.values()):
            if isinstance(argument, Problem):
                argument.check_frames()
        return program(*arguments, **options)

    return cast(Function, checked)
