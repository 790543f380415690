"""A drawn set is drawn once to know its pixels, and again where anything that decides them is another."""

import json

import numpy as np
import pytest

from empirical.datasets import drawn_digests, file_digests
from empirical.datasets.digit_pictures import sheet
from empirical.datasets.drawn import DrawnImages, Sheet
from empirical.datasets.file_digests import keep_in
from empirical.datasets.handwriting import optdigit_strokes, strokes
from empirical.datasets.styles import Style

COUNT = 6


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The file of digests, in a process that has just been started."""
    monkeypatch.setattr(file_digests, "_kept_in", [])
    keep_in(tmp_path / "digests")
    return tmp_path / "digests" / drawn_digests.FILE


class Drawn:
    """Images whose pixels are their positions, and how often some were drawn."""

    def __init__(self, made_from: str | None = "a name"):
        self.times = 0
        self.sheet = Sheet(self.draw, COUNT, (2, 2), made_from)

    def draw(self, positions):
        self.times += 1
        return np.broadcast_to(positions[:, None, None, None], (len(positions), 2, 2, 3)).astype(np.uint8)

    def fingerprint(self, rows=range(COUNT)) -> str:
        return DrawnImages("drawn", self.sheet, np.array(rows)).fingerprint


def test_pixels_that_are_known_are_not_drawn_again(kept):
    first, again = Drawn(), Drawn()
    assert first.fingerprint() == again.fingerprint()
    assert (first.times, again.times) == (1, 0)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}'])
def test_digests_that_are_damaged_are_made_anew(kept, content):
    before = Drawn().fingerprint()
    kept.write_text(content)
    drawn = Drawn()
    assert drawn.fingerprint() == before
    assert drawn.times == 1
    assert len(json.loads(kept.read_text())) == 1


def test_rows_and_names_tell_sets_apart(kept):
    others = [Drawn().fingerprint([0, 1]), Drawn().fingerprint([1, 0]), Drawn().fingerprint([0])]
    assert len(set(others)) == 3
    renamed = Drawn("another name")
    assert renamed.fingerprint([0, 1]) == others[0]
    assert renamed.times == 1


def test_a_sheet_without_a_name_and_a_process_without_a_folder_draw(kept, monkeypatch):
    unnamed = Drawn(None)
    unnamed.fingerprint()
    monkeypatch.setattr(file_digests, "_kept_in", [])
    homeless = Drawn()
    homeless.fingerprint()
    keep_in(kept.parent / "nowhere" / "digests")
    nowhere = Drawn()
    nowhere.fingerprint()
    assert (unnamed.times, homeless.times, nowhere.times) == (1, 1, 1)
    assert not kept.parent.exists()


def test_old_digests_do_not_pile_up(kept, monkeypatch):
    monkeypatch.setattr(drawn_digests, "MOST", 3)
    for name in "abcde":
        Drawn(name).fingerprint()
    assert len(json.loads(kept.read_text())) <= 3


def test_whatever_decides_the_pixels_is_in_the_name(monkeypatch):
    def name(source=strokes, count=COUNT, style=None, seed=0) -> str | None:
        return sheet(source, count, style or Style(), seed=seed).made_from

    names = [name(), name(optdigit_strokes, 7), name(count=7), name(style=Style(coarse=0.5)), name(seed=1)]
    monkeypatch.setenv("XLA_FLAGS", "--another")
    names.append(name())
    for decides in ("reached_code", "reached_versions", "rounding"):
        monkeypatch.setattr(
            f"empirical.datasets.digit_pictures.{decides}", lambda *modules, it=decides: f"another {it}"
        )
        names.append(name())
    assert len(set(names)) == len(names)
    assert name(lambda: np.ones((COUNT, 32, 32), np.float32)) is None


def test_strokes_are_read_when_a_picture_is_drawn():
    asked = []

    def counted():
        asked.append(True)
        return np.ones((COUNT, 32, 32), np.float32)

    made = sheet(counted, COUNT, Style(), seed=0)
    assert not asked
    assert np.all(made.at(np.array([3])) == 255)
    assert asked
