"""Pickles read as terms: what a pickle asks for is written down, and none of it is done.

A pickle is a program that may call anything Python can import. Here its instructions build numbers, text, lists,
tuples, sets and dictionaries only. A name stays a `Name`, a call stays a `Call` of a name with arguments: nothing is
looked up, imported or called. Whoever reads the terms decides which names mean something (`terms` is told, and
refuses every other by its name), and what.

Work and memory are bounded (`MOST_INSTRUCTIONS`, `MOST_BYTES`). Terms may hold one another many times over: whoever
walks them must mark what was seen, and messages show them by `shown` alone.
"""

import pickletools
import reprlib
from collections.abc import Collection
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import IO, Any, NamedTuple, cast

from artifacts import UserError


class Name(NamedTuple):
    """A global of Python's, as the pickle spells it; never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False, slots=True, repr=False)
class Outside:
    """A reference to something that the pickle does not hold."""

    identity: Any


@dataclass(eq=False, slots=True, repr=False)
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
MOST_INSTRUCTIONS = 300_000
#: Bytes of one pickle, and of what it encodes anew. A batch of CIFAR-10 takes 31 MB, a ResNet-50's names 0.1 MB.
MOST_BYTES = 64 << 20
LONGEST_NAME = 200
#: Modules that only an attack asks for. Nothing of any module is ever run; these are refused so that it is noticed.
ATTACKS = frozenset({
    "builtins", "__builtin__", "os", "posix", "nt", "subprocess", "sys", "importlib", "runpy", "shutil", "socket",
    "ctypes", "pty", "code", "pickle", "marshal", "types", "commands", "webbrowser", "pip", "tempfile",
    "multiprocessing",
})  # fmt: skip
# The decimal spelling of an integer is read in quadratic time.
_LONGEST_LINE = 1 << 16
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


def terms(
    stream: BufferedIOBase, allowed: Collection[Name], *, prefixes: tuple[str, ...] = (), others: bool = False
) -> Any:
    """The value of the pickle at a stream's position, which is left behind its end.

    Args:
      allowed: the names that may occur.
      prefixes: beginnings of modules all of whose names may occur.
      others: other names may occur too, where the reader skips what is made of them; `ATTACKS` are refused even so.
    Raises:
      UnreadablePickle: it is cut off or malformed, or holds a name or an instruction that is not allowed.
    """
    machine = _Machine(frozenset(allowed), prefixes, others)
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(cast(IO[bytes], _Bounded(stream)))):
            if instruction.name == "STOP":
                return machine.stack.pop()
            if count == MOST_INSTRUCTIONS:
                raise UnreadablePickle(f"more than {MOST_INSTRUCTIONS} instructions")
            machine.do(instruction.name, argument)
    except UnreadablePickle:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError) as error:
        raise UnreadablePickle(f"a damaged pickle ({type(error).__name__}: {reprlib.repr(str(error))})") from error
    raise UnreadablePickle("a pickle without an end")


def shown(term: Any) -> str:
    """A term for a message: short, however deep it is and however often it holds itself."""
    return _SHORT.repr(term)


class _Short(reprlib.Repr):
    """Nothing inside a container is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxtuple, self.maxlist, self.maxdict, self.maxset = 1, 3, 3, 3, 3
        self.maxstring = self.maxlong = self.maxother = 80

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, Name):
            return self.repr_str(str(x), level)
        if isinstance(x, Call):
            return f"a call of {self.repr1(x.function, level - 1) if level > 0 else '...'}"
        if isinstance(x, int) and x.bit_length() > 256:
            return f"an integer of {x.bit_length()} bits"
        return super().repr1(x, level)


_SHORT = _Short()


class _Bounded:
    """A stream of which no more than `MOST_BYTES` are read, nor more asked for than there may be."""

    def __init__(self, stream: BufferedIOBase):
        self.stream, self.left = stream, MOST_BYTES

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise UnreadablePickle(f"more than {MOST_BYTES} bytes in a pickle")
        return self._counted(self.stream.read(size))

    def readline(self) -> bytes:
        return self._counted(self.stream.readline(min(self.left, _LONGEST_LINE) + 1))

    def _counted(self, data: bytes) -> bytes:
        self.left -= len(data)
        if self.left < 0:
            raise UnreadablePickle(f"more than {MOST_BYTES} bytes in a pickle")
        return data


class _Machine:
    """A pickle's stack and memory."""

    def __init__(self, allowed: frozenset[Name], prefixes: tuple[str, ...], others: bool):
        self.allowed, self.prefixes, self.others = allowed, prefixes, others
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}
        self.encoded = 0

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
        index = len(self.stack) - 1
        while self.stack[index] is not _MARK:
            index -= 1
            if index < 0:
                raise UnreadablePickle("a pickle that closes what it has not opened")
        items = self.stack[index + 1 :]
        del self.stack[index:]
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
        known = name == ENCODE or name in self.allowed or name.module.startswith(self.prefixes)
        harmless = name.module.partition(".")[0] not in ATTACKS and len(str(name)) <= LONGEST_NAME
        if not known and not (self.others and harmless):
            raise UnreadablePickle(f"the name {str(name)[:LONGEST_NAME]}")
        self.stack.append(name)

    def _reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if isinstance(function, Name) and function == ENCODE:
            content = _latin(arguments)
            # One long text can be asked for a hundred thousand times over.
            self.encoded += len(content)
            if self.encoded > MOST_BYTES:
                raise UnreadablePickle(f"more than {MOST_BYTES} encoded bytes")
            self.stack.append(content)
        else:
            self.stack.append(Call(function, arguments))

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
    if encoding not in ("latin1", b"latin1") or not isinstance(text, str):
        raise UnreadablePickle(f"the encoding {shown(encoding)} of {shown(text)}")
    return text.encode("latin1")
