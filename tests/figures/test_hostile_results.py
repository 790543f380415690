"""Results that are whole, and whose content is not what this version writes: the report says which, in one line."""

import pytest

from artifacts import UserError, publish
from artifacts.files import write_text
from empirical.records import BENCHMARK_FILE, read_benchmark
from empirical.records.benchmark import SEAL_FILE
from figures.catalogue import FIGURES
from figures.publishing import INFORMATION
from figures.report.contents import DrawnFigure
from figures.report.gather import drawn, simulations
from figures.report.page import picture
from simulations.catalogue import EXPERIMENTS
from simulations.records import SUMMARY, folder

TEXTS = ("", "null", "[]", "3", "{}", '{"name": 3}', "[" * 100_000, '{"title": "twice"}', '{"files": []}')


def shown(text):
    return repr(text[:20])


@pytest.mark.parametrize("text", TEXTS, ids=shown)
def test_a_summary_of_another_kind(tmp_path, text):
    path = folder(EXPERIMENTS[0].name, tmp_path)
    publish(path, inputs={}, build=lambda directory: write_text(directory / SUMMARY, text))
    command = rf"`distort simulate {EXPERIMENTS[0].name} --out {tmp_path}` makes it again"
    with pytest.raises(UserError, match=command) as refused:
        simulations(tmp_path)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("text", TEXTS, ids=shown)
def test_a_figure_of_another_kind(tmp_path, text):
    path = tmp_path / "figures" / FIGURES[0].name
    publish(path, inputs={}, build=lambda directory: write_text(directory / INFORMATION, text))
    with pytest.raises(
        UserError, match=rf"`distort figures {FIGURES[0].name} --from {tmp_path}` makes it again"
    ) as refused:
        drawn(tmp_path)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "<svg", "<svg>", '<svg width="wide">', "<html></html>"])
def test_a_picture_of_another_kind(tmp_path, text):
    (tmp_path / "picture.svg").write_text(text)
    figure = DrawnFigure(name="picture", title="Picture", section="theory", caption="", note="", agreement=None,
                         sources=(), files=("picture.svg",))  # fmt: skip
    with pytest.raises(UserError, match=rf"`distort figures picture --from {tmp_path}` draws it again"):
        picture(figure, tmp_path)


@pytest.mark.parametrize("text", TEXTS, ids=shown)
@pytest.mark.parametrize("name", [BENCHMARK_FILE, SEAL_FILE])
def test_a_benchmark_of_another_kind(tmp_path, name, text):
    (tmp_path / BENCHMARK_FILE).write_text("{}")
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match="writes it anew") as refused:
        read_benchmark(tmp_path)
    assert len(str(refused.value).splitlines()) == 1
