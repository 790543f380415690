"""How files that were made to hurt must be refused: with one short line, soon, and with little memory."""

import tracemalloc

import pytest

from artifacts import UserError
from artifacts.errors import LONGEST_MESSAGE
from empirical.backbones.weights_file import stored_tensors

#: Memory that refusing a file may take: what it holds, and a few megabytes of Python's.
MOST_MEMORY = 80 << 20


def refused(read, error=UserError) -> str:
    """The message, which must come within little memory and be short."""
    tracemalloc.start()
    try:
        with pytest.raises(error) as caught:
            read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY
    message = str(caught.value)
    assert len(message) <= LONGEST_MESSAGE + 10
    return message


def everything(path):
    return {key: one.read() for key, one in stored_tensors(path).tensors.items()}
