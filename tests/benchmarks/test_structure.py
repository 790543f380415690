"""The counts of the code's structure stay where they were brought."""

from benchmarks.structure import counts, vague_names

COUNTS = counts()


def test_no_class_name_stands_in_two_files():
    assert COUNTS["class names that exist in several files"] == {}


def test_names_say_what_a_thing_is():
    assert list(vague_names()) == []


def test_what_travels_together_is_one_object():
    """A suite meets its workspace once, where runs are asked for: in `run_suite`."""
    assert COUNTS["functions that take unit, suite and places"] == 0
    assert COUNTS["functions that take two of them"] == 1
