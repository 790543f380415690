"""What Python source says, without running it."""

import ast
import threading
from pathlib import Path

_alone = threading.Lock()


def syntax_tree(path: Path) -> ast.Module:
    """Of a source file; any thread may ask.

    Raises:
      SyntaxError: the file is no Python source.
    """
    # In Python 3.11 all threads count the depth of the trees that they build in one place. Where the garbage collector
    # calls back in the middle of one, as JAX lets it, another may begin: "SystemError: AST constructor recursion depth
    # mismatch" (python/cpython, issue 106905).
    with _alone:
        return ast.parse(path.read_bytes())
