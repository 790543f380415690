"""Labels of ticks."""

import matplotlib.pyplot as plt
import pytest

from figures.look import style


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (1.0, "10⁰"),
        (1e-3, "10⁻³"),
        (1e12, "10¹²"),
        (2e-4, "2×10⁻⁴"),
        (0.3, "3×10⁻¹"),
        (0.0, "0"),
        (0.15, "1.5×10⁻¹"),
        (9.9999999, "10¹"),
    ],
)
def test_a_tick_of_a_logarithmic_axis_is_written_as_a_power_of_ten(value, label):
    assert style.power_of_ten(value) == label


def test_every_decade_has_its_own_exponent():
    for exponent in range(-20, 21):
        assert style.power_of_ten(10.0**exponent).removeprefix("10").translate(
            {character: chr(plain) for plain, character in style.SUPERSCRIPT.items()}
        ) == str(exponent)


def test_logarithmic_axes_are_labelled_at_decades_without_formulas():
    figure, axis = plt.subplots()
    axis.plot([1e-3, 1.0], [5.0, 3e4])
    style.logarithmic(axis, x=True, y=True)
    figure.canvas.draw()
    labels = [label.get_text() for label in (*axis.get_xticklabels(), *axis.get_yticklabels())]
    assert {"10⁻³", "10⁰", "10¹", "10⁴"} <= set(labels)
    assert not any("$" in label for label in labels)
    plt.close(figure)


@pytest.mark.parametrize(("highest", "between"), [(1e2, True), (1e3, True), (1e4, False), (1e9, False)])
def test_ticks_stand_between_few_decades_alone(highest, between):
    """Over many they run together, and were a third of the time of drawing."""
    figure, axis = plt.subplots()
    axis.plot([1.0, highest], [1.0, 2.0])
    style.logarithmic(axis, x=True)
    assert bool(len(axis.xaxis.get_minorticklocs())) == between
    assert len(axis.xaxis.get_majorticklocs()) > 1
    plt.close(figure)
