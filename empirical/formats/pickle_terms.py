"""Pickles read as terms: what a pickle asks for is written down, and none of it is done.

A pickle is a program that may call anything Python can import. Here its instructions build numbers, text, lists,
tuples, sets and dictionaries only. A name stays a `Name`, a call stays a `Call` of a name with arguments: nothing is
looked up, imported or called. Whoever reads the terms decides which names mean something (`terms` is told, and
refuses every other by its name), and what.
"""

import pickletools
from collections.abc import Collection
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any, NamedTuple

from artifacts import UserError


class Name(NamedTuple):
    """A global of Python's, as the pickle spells it; never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Outside(NamedTuple):
    """A reference to something that the pickle does not hold."""

    identity: Any


@dataclass(eq=False)
class Call:
    """An object as the pickle would have made it: what is called with what, and what is done to the result."""

    function: Any
    arguments: Any
    state: Any = None
    entries: dict[Any, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)


class UnreadablePickle(UserError):
    """A pickle that is damaged, or that asks for what is not allowed."""


#: How Python 3 writes bytes by protocol 2: the one call whose meaning is known here.
ENCODE = Name("_codecs", "encode")
# A batch of CIFAR-10 has 90,136, two ResNet-50s with an optimiser 16,609; a file of nothing but lists is stopped.
MOST_INSTRUCTIONS = 1_000_000
# What a pickle may push as it stands.
_LITERALS = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
})  # fmt: skip
# Python 2's text: bytes, which pickletools shows as Latin-1.
_BYTES = frozenset({"STRING", "BINSTRING", "SHORT_BINSTRING"})
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_IGNORED = frozenset({"PROTO", "FRAME"})
_MARK = object()


def terms(stream: BufferedIOBase, allowed: Collection[Name], *, prefixes: tuple[str, ...] = ()) -> Any:
    """The value of the pickle at a stream's position, which is left behind its end.

    Args:
      allowed: the names that may occur.
      prefixes: beginnings of modules all of whose names may occur.
    Raises:
      UnreadablePickle: it is cut off or malformed, or holds a name or an instruction that is not allowed.
    """
    machine = _Machine(frozenset(allowed), prefixes)
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
            if instruction.name == "STOP":
                return machine.stack.pop()
            if count == MOST_INSTRUCTIONS:
                raise UnreadablePickle(f"more than {MOST_INSTRUCTIONS} instructions")
            machine.do(instruction.name, argument)
    except UnreadablePickle:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError) as error:
        raise UnreadablePickle(f"a damaged pickle ({type(error).__name__}: {error})") from error
    raise UnreadablePickle("a pickle without an end")


class _Machine:
    """A pickle's stack and memory."""

    def __init__(self, allowed: frozenset[Name], prefixes: tuple[str, ...]):
        self.allowed, self.prefixes = allowed, prefixes
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _BYTES:
            self.stack.append(argument.encode("latin-1"))
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memory[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.memory[argument])
        elif name not in _IGNORED:
            step = getattr(self, f"_{name.lower()}", None)
            if step is None:
                raise UnreadablePickle(f"the instruction {name}")
            step(argument)

    def _popped_to_mark(self) -> list[Any]:
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise UnreadablePickle("a pickle that closes what it has not opened")
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _memoize(self, _: Any) -> None:
        self.memory[len(self.memory)] = self.stack[-1]

    def _mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def _pop(self, _: Any) -> None:
        self.stack.pop()

    def _empty_list(self, _: Any) -> None:
        self.stack.append([])

    def _empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def _empty_set(self, _: Any) -> None:
        self.stack.append(set())

    def _list(self, _: Any) -> None:
        self.stack.append(self._popped_to_mark())

    def _tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._popped_to_mark()))

    def _tuple1(self, _: Any) -> None:
        self._tuple_of(1)

    def _tuple2(self, _: Any) -> None:
        self._tuple_of(2)

    def _tuple3(self, _: Any) -> None:
        self._tuple_of(3)

    def _tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise UnreadablePickle("a pickle that takes more than it has")
        items = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(items)

    def _dict(self, _: Any) -> None:
        items = self._popped_to_mark()
        self.stack.append(_entries(items))

    def _append(self, _: Any) -> None:
        item = self.stack.pop()
        _list_of(self.stack[-1]).append(item)

    def _appends(self, _: Any) -> None:
        items = self._popped_to_mark()
        _list_of(self.stack[-1]).extend(items)

    def _additems(self, _: Any) -> None:
        items = self._popped_to_mark()
        if not isinstance(self.stack[-1], set):
            raise UnreadablePickle("items added to what is no set")
        self.stack[-1].update(_entries([item for pair in zip(items, items, strict=True) for item in pair]))

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _dict_of(self.stack[-1]).update(_entries([key, value]))

    def _setitems(self, _: Any) -> None:
        items = self._popped_to_mark()
        _dict_of(self.stack[-1]).update(_entries(items))

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._push_name(Name(module, name))

    def _stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise UnreadablePickle("a name that is no text")
        self._push_name(Name(module, name))

    def _push_name(self, name: Name) -> None:
        if name != ENCODE and name not in self.allowed and not name.module.startswith(self.prefixes):
            raise UnreadablePickle(f"the name {name}")
        self.stack.append(name)

    def _reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(_latin(arguments) if function == ENCODE else Call(function, arguments))

    _newobj = _reduce

    def _build(self, _: Any) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Call):
            raise UnreadablePickle("a state for what has none")
        self.stack[-1].state = state

    def _binpersid(self, _: Any) -> None:
        self.stack.append(Outside(self.stack.pop()))


def _list_of(target: Any) -> list[Any]:
    if isinstance(target, Call):
        return target.items
    if isinstance(target, list):
        return target
    raise UnreadablePickle("items for what is no list")


def _dict_of(target: Any) -> dict[Any, Any]:
    if isinstance(target, Call):
        return target.entries
    if isinstance(target, dict):
        return target
    raise UnreadablePickle("entries for what is no dictionary")


def _entries(items: list[Any]) -> dict[Any, Any]:
    # Nested tuples that share their parts can take for ever to hash.
    plain = (str, bytes, int, float, type(None))
    if not all(isinstance(key, plain) for key in items[::2]):
        raise UnreadablePickle("a key that is neither text nor number")
    return dict(zip(items[::2], items[1::2], strict=True))


def _latin(arguments: Any) -> bytes:
    text, encoding = arguments
    if encoding not in ("latin1", b"latin1"):
        raise UnreadablePickle(f"the encoding {encoding!r}")
    return text.encode("latin1")
