"""The page of proofs is written in plain notation and set as formulas: none is misread, and all of them can be set."""

import re

import pytest
from markdown_it import MarkdownIt

from pages.notation import BLOCK, FUNCTIONS, SPAN, SYMBOL, is_formula, latex, with_formulas
from pages.notation_runs import runs
from tests.support import ROOT

PAGE = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("plain", "formula"),
    [
        ("phi_s^2 = (v0 . v*)^2 - W^4", r"\varphi_{s}^{2} = (v_{0} \cdot v_{*})^{2} - W^{4}"),
        ("||B0 - B*||_2", r"\lVert B_{0} - B_{*} \rVert_{2}"),
        ("|P_perp B0^T v| >= c |v|", r"\lvert P_{\perp} B_{0}^{\top} v \rvert \ge c \lvert v \rvert"),
        ("(W - y)_+^2", r"(W - y)_{+}^{2}"),
        ("g_B,j^T", r"g_{B,j}^{\top}"),
        ("(1 + R)^-1", r"(1 + R)^{-1}"),
        ("sqrt((1 - a) (1 - b))", r"\sqrt{(1 - a) (1 - b)}"),
        ("sqrt(ood_risk)", r"\sqrt{L_{\mathrm{ood}}}"),
    ],
)
def test_a_formula_is_read_as_it_is_meant(plain, formula):
    assert latex(plain) == formula


@pytest.mark.parametrize(
    "name", ["ft_ood_lower_bound", "theory/reduction.py", "distort theory verify --all", "theory.bounds.half_space"]
)
def test_names_are_no_formulas(name):
    assert not is_formula(name)


def test_a_bracket_left_open_is_an_error():
    with pytest.raises(ValueError, match="close its brackets"):
        latex("sqrt(a + b")


def test_text_keeps_links_headings_and_names_and_sets_symbols():
    text = "## About v0\n\nFor v0 and eps, see [a section](#v0-and-w*) and `v0_name`; *not this*.\n"
    done = with_formulas(text)
    assert "## About v0\n" in done
    assert r"For \(v_{0}\) and \(\epsilon\), see [a section](#v0-and-w*)" in done
    assert done.endswith("`v0_name`; *not this*.\n")


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("of m < d with a frame F; P = F F^T and P_perp = I - P.", ["m < d", "P = F F^T", "P_perp = I - P"]),
        ("a drawing in which a = B f, so ||B0 - U B*||^2 = 2 - z", ["a = B f", "||B0 - U B*||^2 = 2 - z"]),
        ("(the root is sqrt(|u|^2 + mu / 4)), and v is free", ["sqrt(|u|^2 + mu / 4)"]),
        ("the pair (v, A) with (v, B) = (v0, B0) at k = 3, no more", ["(v, B) = (v0, B0)", "k = 3"]),
        ("so |X z - y does not close, nor does (v", []),
        ("none but cos theta_k(R0, S_perp) != 0.", ["cos theta_k(R0, S_perp) != 0"]),
        ("A claim about v, a head: 3 of 4 are right, in 12 - 15 seconds", []),
    ],
)
def test_formulas_in_text_end_where_words_begin(text, formulas):
    assert [text[start:end] for start, end in runs(text, SYMBOL, FUNCTIONS)] == formulas


def test_a_bar_in_a_table_is_the_end_of_a_cell():
    assert with_formulas("| k < m | v0 |") == r"| k < m | \(v_{0}\) |"


@pytest.mark.extra
def test_every_formula_of_the_page_can_be_set():
    converter = pytest.importorskip("latex2mathml.converter", reason="needs the extra [docs]")
    formulas = [span for span in SPAN.findall(PAGE) if is_formula(span)]
    formulas += [line.strip() for block in BLOCK.findall(PAGE) for line in block.splitlines() if line.strip()]
    assert len(formulas) > 80
    for formula in formulas:
        assert converter.convert(latex(formula)).startswith("<math")


def test_no_star_of_a_symbol_is_left_to_be_read_as_emphasis():
    text = re.sub(r"\\\(.*?\\\)|\\\[.*?\\\]|`[^`]*`", "", with_formulas(PAGE))
    assert re.findall(r"(?<![A-Za-z*])[vwBVWx]\*(?!\*)", text) == []


def test_a_reader_of_the_source_on_github_sees_the_same_emphasis():
    """Stars and underscores of symbols can open and close emphasis: what lay between two `_+^2` was in italics."""
    tokens = [child for token in MarkdownIt().parse(PAGE) for child in token.children or []]
    opened = [place for place, token in enumerate(tokens) if token.type in ("em_open", "strong_open")]
    assert len(opened) > 40
    assert [tokens[place + 1].content for place in opened if "_" in tokens[place].markup] == []
    texts = {tokens[place + 1].content for place in opened}
    # Closed by the star of a symbol, or opened by one: it would begin or end in the middle of a formula.
    assert [text for text in texts if re.search(r"(^[^\w(|])|([\s^][vwBVWx]$)", text)] == []
