"""Pickles read as terms: plain values come through as they were, calls are written down, and nothing is ever done."""

import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empirical.formats import pickle_terms
from empirical.formats.pickle_terms import Call, Name, UnreadablePickle, terms

KEYS = st.one_of(st.text(max_size=5), st.integers(), st.none(), st.booleans())
SCALARS = st.one_of(KEYS, st.floats(allow_nan=False), st.text(max_size=300), st.integers(-(2**80), 2**80))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.tuples(inner), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=VALUES, protocol=st.integers(0, 4))
def test_plain_values_come_through(value, protocol):
    assert terms(io.BytesIO(pickle.dumps(value, protocol=protocol)), ()) == value


@given(value=st.binary(min_size=1, max_size=300), protocol=st.integers(2, 4))
def test_bytes_come_through_however_they_were_written(value, protocol):
    assert terms(io.BytesIO(pickle.dumps([value, value], protocol=protocol)), ()) == [value, value]


def test_the_stream_is_left_behind_the_end():
    stream = io.BytesIO(pickle.dumps(1) + pickle.dumps("two") + b"rest")
    assert (terms(stream, ()), terms(stream, ()), stream.read()) == (1, "two", b"rest")


class Marked(Exception):
    """Raised by whatever is wrongly called."""


class Called:
    def __reduce__(self):
        return _explode, (1, "two")


def _explode(*_):
    raise Marked


def test_a_call_is_written_down_and_not_made():
    name = Name(_explode.__module__, "_explode")
    found = terms(io.BytesIO(pickle.dumps(Called(), protocol=2)), (name,))
    assert isinstance(found, Call)
    assert (found.function, found.arguments, found.state) == (name, (1, "two"), None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "without an end|damaged"),
        (b"\x80\x02.", "damaged"),
        (b"\x80\x02]e.", "closes what it has not opened"),
        (b"\x80\x02cos\nsystem\n.", "the name os.system"),
        (b"\x80\x02K\x01K\x02a.", "items for what is no list"),
        (b"\x80\x02}K\x01b.", "a state for what has none"),
        (b"\x80\x02Pid\n.", "the instruction PERSID"),
        (b"\x80\x02\x82\x01.", "the instruction EXT1"),
        # A tuple of itself twice, thirty times over: its hash would take an hour.
        (b"\x80\x02}K\x01" + b"q\x00h\x00\x86" * 30 + b"K\x01s.", "a key that is neither text nor number"),
    ],
)
def test_other_programs_are_refused(content, message):
    with pytest.raises(UnreadablePickle, match=message):
        terms(io.BytesIO(content), ())


def test_a_program_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr(pickle_terms, "MOST_INSTRUCTIONS", 1000)
    with pytest.raises(UnreadablePickle, match="more than 1000 instructions"):
        terms(io.BytesIO(b"\x80\x02" + b"N0" * 1000 + b"N."), ())
