"""The inequalities between functions of W in the proofs of docs/theory.md, in exact arithmetic.

Each is brought to the form "this polynomial is not negative for W >= 0" (or for W >= 1, written W = 1 + t). It is,
since none of its coefficients is negative. Square roots are bounded by squaring, both sides being positive.
"""

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

W, t = sp.symbols("W t", nonnegative=True)
HALF = sp.Rational(1, 2)
MARGIN = 4 * (1 + W) ** 2  # 4 M


def is_never_negative(expression: sp.Expr, symbol: sp.Symbol = W) -> bool:
    """Whether a rational function is >= 0 for every value >= 0 of its symbol, by the signs of its coefficients."""
    numerator, denominator = sp.fraction(sp.together(expression))
    return all(
        all(coefficient >= 0 for coefficient in sp.Poly(part, symbol).all_coeffs()) for part in (numerator, denominator)
    )


def root_is_at_most(square: sp.Expr, bound: sp.Expr, symbol: sp.Symbol = W) -> bool:
    """Whether sqrt(square) <= bound for every value >= 0 of the symbol."""
    return is_never_negative(bound, symbol) and is_never_negative(bound**2 - square, symbol)


def on_the_unit_interval(expression: sp.Expr) -> sp.Expr:
    """A function of W in [0, 1] as one of t >= 0, with W = t / (1 + t)."""
    return expression.subs(W, t / (1 + t))


def beyond_one(expression: sp.Expr) -> sp.Expr:
    """A function of W >= 1 as one of t >= 0, with W = 1 + t."""
    return expression.subs(W, 1 + t)


def test_the_corrected_bound_for_a_long_head_and_a_small_error():
    # g <= sqrt(1 + 4 W^2) and g + W^2 / (4 M) <= 1 + 2 W
    assert root_is_at_most(1 + 4 * W**2, 1 + 2 * W - 2 * W / (1 + 2 * W))
    assert is_never_negative(2 * W / (1 + 2 * W) - W**2 / MARGIN)


def test_the_corrected_bound_for_a_long_head_and_a_large_error():
    assert is_never_negative(1 + 2 * W - HALF - W**2 / MARGIN)


def test_the_corrected_bound_for_a_short_head_and_a_small_truth():
    # x <= W / 2 and W <= 1: g + W^2 g^2 / (4 M) <= 1 + 2 W
    growth = 1 + sp.Rational(9, 8) * W**2
    assert root_is_at_most(1 + (W + W / 2) ** 2, growth)
    assert is_never_negative(on_the_unit_interval(1 + 2 * W - growth - W**2 * (1 + sp.Rational(9, 4) * W**2) / 4))
    assert is_never_negative(W / 2 - W**3 / (2 * (1 + W) ** 2))


def test_the_corrected_bound_for_a_short_head_and_a_large_truth():
    # x <= 1 / 2 and W > 1: g + g^2 / (4 M) <= 1 + 2 W
    growth = W + sp.Rational(5, 6)
    assert root_is_at_most(beyond_one(1 + (W + HALF) ** 2), beyond_one(growth), t)
    assert is_never_negative(beyond_one((1 + W) ** 2 - 1 - (W + HALF) ** 2), t)  # g^2 <= M
    assert is_never_negative(beyond_one(1 + 2 * W - growth - sp.Rational(1, 4)), t)
    assert is_never_negative(HALF - W**2 / (2 * (1 + W) ** 2))


def test_a_false_inequality_is_noticed():
    # With 1/2 - 1/100 in place of 1/2 the first two cases would need M (1 - 1/50): the criterion must say no.
    assert not is_never_negative(sp.Rational(98, 100) * (1 + 2 * W) - 1 - W**2 / MARGIN)
    assert not root_is_at_most(1 + 4 * W**2, 1 + 2 * W - 3 * W / (1 + 2 * W))


POSITIVE = st.fractions(Fraction(1, 10**6), Fraction(10**6), max_denominator=10**9)


def squared_ceiling_is_at_most(error: Fraction, norm: Fraction, goal: Fraction, *, long_head: bool) -> bool:
    """Whether H(error) <= goal, in rational arithmetic: y by an upper bound of its root that is right to 1e-30."""
    square = 1 + (norm + error) ** 2
    digits = 10**60
    growth = Fraction(sp.integer_nthroot(int(square * digits), 2)[0] + 2, 10**30)
    y = error * growth
    if long_head:
        return 2 * norm**3 * error + norm**2 * error**2 + norm**2 - max(norm - y, Fraction(0)) ** 2 <= goal
    return norm**4 - norm**2 * max(norm - error, Fraction(0)) ** 2 + 2 * norm * y + y**2 <= goal


@given(POSITIVE, POSITIVE)
def test_half_the_explicit_term_never_exceeds_the_implicit_root_long_head(norm, phi):
    # H increases, so t / (2 M) <= x* wherever H(t / (2 M)) <= phi^2: the whole case distinction, end to end.
    term = min(phi, phi**2 / norm) / (2 * (1 + norm) ** 2)
    assert squared_ceiling_is_at_most(term, norm, phi**2, long_head=True)


@given(POSITIVE, st.fractions(Fraction(1, 10**9), Fraction(1), max_denominator=10**9))
def test_half_the_explicit_term_never_exceeds_the_implicit_root_short_head(norm, share):
    phi = share * norm**2  # a short head has phi <= W^2
    term = min(phi, phi**2 / norm) / (2 * (1 + norm) ** 2)
    assert squared_ceiling_is_at_most(term, norm, phi**2, long_head=False)


NEAR = (Fraction(1), 1 + Fraction(1, 10**9), 1 - Fraction(1, 10**9))


@pytest.mark.parametrize("exponent", range(-6, 7))
def test_the_bound_holds_where_cases_meet(exponent):
    # phi = W, where the minimum switches; t / (2 M) = W, where x passes W; phi = W^2, the shortest head; either side.
    norm = Fraction(10) ** exponent
    passes = 2 * (1 + norm) ** 2 * norm  # t = this: phi = t where phi >= W, else phi^2 = W t, in rational numbers below
    root = Fraction(sp.integer_nthroot(int(norm * passes * 10**40), 2)[0], 10**20)
    for meeting in (norm, passes if passes >= norm else root, norm**2):
        for factor in NEAR:
            phi = meeting * factor
            term = min(phi, phi**2 / norm) / (2 * (1 + norm) ** 2)
            assert squared_ceiling_is_at_most(term, norm, phi**2, long_head=True)
            if phi <= norm**2:
                assert squared_ceiling_is_at_most(term, norm, phi**2, long_head=False)


@pytest.mark.parametrize("norm", [Fraction(1, 10**6), Fraction(10**6)])
def test_no_larger_constant_than_one_half_follows_for_small_truths(norm):
    # The implicit bound itself: with 0.502 in place of 1/2, H exceeds phi^2 at both ends of the scale of W.
    phi = norm**2 / 10**6
    term = Fraction(502, 1000) * min(phi, phi**2 / norm) / (1 + norm) ** 2
    assert not squared_ceiling_is_at_most(term, norm, phi**2, long_head=True)
