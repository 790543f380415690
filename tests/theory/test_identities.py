"""The identities behind the exact solutions, in symbols and in exact rational numbers: no rounding anywhere."""

import random
from fractions import Fraction

import pytest
import sympy as sp

s = sp.symbols("s", real=True)


def vector(name: str, length: int) -> sp.Matrix:
    return sp.Matrix(sp.symbols(f"{name}:{length}", real=True))


def matrix(name: str, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(rows, columns, sp.symbols(f"{name}:{rows * columns}", real=True))


def velocities(head, features, covariance, target):
    """dv/dt = A q, dA/dt = v q^T with q = -2 C (A^T v - u)."""
    drive = -2 * covariance * (features.T * head - target)
    return features * drive, head * drive.T, drive


def vanishes(expression) -> bool:
    return sp.Matrix([expression]).applyfunc(sp.expand).is_zero_matrix


@pytest.fixture(scope="module")
def generic():
    """k = 2, m = 3, every entry a symbol, C symmetric."""
    lower = matrix("c", 3, 3)
    return vector("v", 2), matrix("a", 2, 3), lower * lower.T, vector("u", 3)


def test_the_flow_conserves_the_lorentz_form(generic):
    head, features, *_ = generic
    head_rate, features_rate, _ = velocities(*generic)
    change = head_rate * head.T + head * head_rate.T - features_rate * features.T - features * features_rate.T
    assert vanishes(change)


def test_the_flow_is_a_boost_of_head_and_features(generic):
    head, features, *_ = generic
    head_rate, features_rate, drive = velocities(*generic)
    generator = sp.zeros(4)
    generator[0, 1:], generator[1:, 0] = drive.T, drive
    stacked = head.row_join(features)
    assert vanishes(head_rate.row_join(features_rate) - stacked * generator)
    metric = sp.diag(1, -1, -1, -1)
    assert vanishes(generator * metric + metric * generator)


def test_the_reduced_flow_is_that_of_the_raw_parameters():
    # X with three examples in R^3 that span the first two axes: S = span(e1, e2).
    inputs = matrix("x", 3, 2).row_join(sp.zeros(3, 1))
    head, features, truth = vector("v", 2), matrix("b", 2, 3), vector("w", 3)
    residual = inputs * (features.T * head - truth)
    head_rate, features_rate = -2 * features * inputs.T * residual, -2 * head * residual.T * inputs
    frame = sp.eye(3)[:, :2]
    covariance = frame.T * inputs.T * inputs * frame
    reduced = velocities(head, features * frame, covariance, frame.T * truth)
    assert vanishes(head_rate - reduced[0])
    assert vanishes(features_rate * frame - reduced[1])
    assert vanishes(features_rate[:, 2])


def test_one_id_direction_is_a_riccati_equation_in_the_rapidity():
    # (v, a) = boost by theta; dtheta/ds = u - v.a; z = exp(2 theta) obeys dz/ds = 2 u z - p z^2 + n.
    start_head, start_feature, u = vector("v", 2), vector("a", 2), sp.symbols("u", real=True)
    z = sp.symbols("z", positive=True)
    cosh, sinh = (sp.sqrt(z) + 1 / sp.sqrt(z)) / 2, (sp.sqrt(z) - 1 / sp.sqrt(z)) / 2
    head, feature = start_head * cosh + start_feature * sinh, start_head * sinh + start_feature * cosh
    rate = 2 * z * (u - (head.T * feature)[0])
    plus, minus = start_head + start_feature, start_head - start_feature
    p, n = (plus.T * plus)[0] / 2, (minus.T * minus)[0] / 2
    assert sp.simplify(rate - (2 * u * z - p * z**2 + n)) == 0


def test_the_riccati_equation_is_linear_in_a_pair():
    x, y, u, p, n = sp.symbols("x y u p n", positive=True)
    x_rate, y_rate = u * x + n * y, p * x - u * y
    z = x / y
    assert sp.simplify(x_rate / y - x * y_rate / y**2 - (2 * u * z - p * z**2 + n)) == 0
    system = sp.Matrix([[u, n], [p, -u]])
    assert vanishes(system**2 - (u**2 + p * n) * sp.eye(2))  # so exp(system s) = cosh + system sinh / delta


def test_the_closed_form_of_the_pair_solves_it():
    u, p, n = sp.symbols("u p n", positive=True)
    rate = sp.sqrt(u**2 + p * n)
    cosh, sinh_over_rate = sp.cosh(rate * s), sp.sinh(rate * s) / rate
    x, y = cosh + (u + n) * sinh_over_rate, cosh + (p - u) * sinh_over_rate
    assert sp.simplify(sp.diff(x, s) - (u * x + n * y)) == 0
    assert sp.simplify(sp.diff(y, s) - (p * x - u * y)) == 0
    assert (x.subs(s, 0), y.subs(s, 0)) == (1, 1)


def test_one_active_unit_is_a_normalised_linear_flow():
    # Q = (A^T, v) with lam = v^2 - |A|^2: dQ/ds = G Q - (Q^T Q / 2) Q.
    feature, u = vector("a", 2), vector("u", 2)
    v = sp.symbols("v", real=True)
    drive = u - v * feature
    rates = sp.Matrix([*(v * drive), (feature.T * drive)[0]])
    state = sp.Matrix([*feature, v])
    lam = v**2 - (feature.T * feature)[0]
    linear = sp.zeros(3)
    linear[:2, 2], linear[2, :2] = u, u.T
    linear -= lam / 2 * sp.diag(1, 1, -1)
    assert vanishes(rates - (linear * state - (state.T * state)[0] / 2 * state))


def test_normalising_a_linear_flow_gives_the_cubic_term():
    # Q = E Q0 / sqrt(N), N = 1 + Q0^T I Q0 with dE/ds = G E and dN/ds = Q0^T E^T E Q0.
    g1, g2, q1, q2 = sp.symbols("g1 g2 q1 q2", real=True)
    grown = sp.Matrix([sp.exp(g1 * s) * q1, sp.exp(g2 * s) * q2])
    total = 1 + q1**2 * (sp.exp(2 * g1 * s) - 1) / (2 * g1) + q2**2 * (sp.exp(2 * g2 * s) - 1) / (2 * g2)
    state = grown / sp.sqrt(total)
    expected = sp.diag(g1, g2) * state - (state.T * state)[0] / 2 * state
    assert sp.simplify(sp.diff(state, s) - expected) == sp.zeros(2, 1)


def test_in_the_plane_two_hyperbolas_meet_at_the_truth_only_for_a_head_as_long_as_it():
    # Zero loss v a = W a*, conserved v^2 - a^2 = v0^2 - a*^2 (perfect features, a* = a0). OOD risk 0 needs v = W.
    v, a, truth, start, cosine = sp.symbols("v a W v0 a0", positive=True)
    at_truth = {v: truth, a: cosine}
    assert (v * a - truth * cosine).subs(at_truth) == 0
    gap = ((v**2 - a**2) - (start**2 - cosine**2)).subs(at_truth)
    assert sp.solve(gap, start) == [truth]


def test_limits_of_the_pair_lie_on_the_hyperbola_of_zero_loss():
    # z+ = (u + delta) / p makes v.a = u: (p z - n / z) / 2 = u.
    u, p, n = sp.symbols("u p n", positive=True)
    z = (u + sp.sqrt(u**2 + p * n)) / p
    assert sp.simplify((p * z - n / z) / 2 - u) == 0


def random_fractions(count: int, source: random.Random) -> list[Fraction]:
    return [Fraction(source.randint(-9, 9), source.randint(1, 9)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_a_step_of_any_size_changes_the_form_by_its_square_alone(seed):
    # Rational arithmetic, k = 3, m = 4: (v + h dv)(v + h dv)^T - ... = Lambda + h^2 (dv dv^T - dA dA^T).
    source = random.Random(seed)
    head, features = sp.Matrix(random_fractions(3, source)), sp.Matrix(3, 4, random_fractions(12, source))
    root, target = sp.Matrix(4, 4, random_fractions(16, source)), sp.Matrix(random_fractions(4, source))
    head_rate, features_rate, _ = velocities(head, features, root * root.T, target)
    step = sp.Rational(1, 7)

    def form(v, a):
        return v * v.T - a * a.T

    change = form(head + step * head_rate, features + step * features_rate) - form(head, features)
    assert change == step**2 * form(head_rate, features_rate)


def test_several_outputs_move_by_boosts_too():
    # q = 2, k = 2, m = 2: dZ/dt = Z K with K = [[0, Q^T], [Q, 0]], so V V^T - A A^T is conserved.
    head, features, drive = matrix("v", 2, 2), matrix("a", 2, 2), matrix("e", 2, 2)
    head_rate, features_rate = features * drive, head * drive.T
    generator = sp.zeros(4)
    generator[:2, 2:], generator[2:, :2] = drive.T, drive
    assert vanishes(head_rate.row_join(features_rate) - head.row_join(features) * generator)
    change = head_rate * head.T + head * head_rate.T - features_rate * features.T - features * features_rate.T
    assert vanishes(change)


@pytest.mark.parametrize("seed", range(3))
def test_a_scalar_imbalance_gives_a_riccati_equation(seed):
    # v v^T - A A^T = lam I with k = 2, m = 3, in rational numbers: A = diag(5, 4) R with Pythagorean R, v = (3, 0).
    source = random.Random(seed)
    third, fourth = sp.Rational(3, 5), sp.Rational(4, 5)
    rows = sp.Matrix([[third, fourth, 0], [0, 0, 1]]) if seed % 2 else sp.Matrix([[third, 0, fourth], [0, 1, 0]])
    features, head, lam = sp.diag(5, 4) * rows, sp.Matrix([3, 0]), -16
    assert head * head.T - features * features.T == lam * sp.eye(2)
    target = sp.Matrix(random_fractions(3, source))
    drive = target - features.T * head  # q for 2 C = I
    stacked = features.T.col_join(head.T)
    rate = (drive * head.T).col_join((features * drive).T)
    linear = sp.zeros(4)
    linear[:3, 3], linear[3, :3] = target, target.T
    linear -= sp.Rational(lam, 2) * sp.diag(1, 1, 1, -1)
    assert rate == linear * stacked - stacked * stacked.T * stacked / 2


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_pays_for_the_path_of_lp_ft(seed):
    # d rho^2/dt = -4 (|v|^2 alpha^2 + beta^2), |dv/dt| = 2 beta, ||dB/dt||_F = 2 |v| alpha; in reduced coordinates with
    # q = -2 X^T r: alpha^2 = |q|^2 / 4, beta^2 = |A q|^2 / 4.
    source = random.Random(seed)
    head, features = sp.Matrix(random_fractions(2, source)), sp.Matrix(2, 3, random_fractions(6, source))
    root, target = sp.Matrix(3, 3, random_fractions(9, source)), sp.Matrix(random_fractions(3, source))
    covariance = root * root.T
    head_rate, features_rate, drive = velocities(head, features, covariance, target)
    error = features.T * head - target
    loss_rate = 2 * (error.T * covariance * (features_rate.T * head + features.T * head_rate))[0]
    alpha, beta = (drive.T * drive)[0] / 4, ((features * drive).T * (features * drive))[0] / 4
    squared_head = (head.T * head)[0]
    assert loss_rate == -4 * (squared_head * alpha + beta)
    assert (head_rate.T * head_rate)[0] == 4 * beta
    assert (features_rate.T * features_rate).trace() == 4 * squared_head * alpha


def test_the_head_error_is_what_two_conserved_brackets_say():
    # phi_s^2 = [(v* . v)^2 - W^4] + [W^2 - |B^T v*|^2] for every (v, B) with v v^T - B B^T = v0 v0^T - B0 B0^T.
    truth, start, now = vector("w", 2), vector("s", 2), vector("v", 2)
    conserved = start * start.T - sp.eye(2)  # B0 has orthonormal rows
    gram = now * now.T - conserved  # B B^T
    squared = (truth.T * truth)[0]
    brackets = (truth.T * now)[0] ** 2 - squared**2 + squared - (truth.T * gram * truth)[0]
    assert vanishes((truth.T * start)[0] ** 2 - squared**2 - brackets)


def test_near_the_limit_the_remaining_rapidity_undoes_the_error(generic):
    # d(A^T v)/dt = (A^T A + |v|^2) q exactly, so a boost by -(A^T A + |v|^2)^-1 e removes e to first order.
    head, features, *_ = generic
    head_rate, features_rate, drive = velocities(*generic)
    operator = features.T * features + (head.T * head)[0] * sp.eye(3)
    assert vanishes(features_rate.T * head + features.T * head_rate - operator * drive)


def test_linear_probing_relaxes_at_the_rates_of_its_design():
    # g(h, t) = (1 - exp(-2 h t)) / h solves g' = 2 (1 - h g), g(0) = 0, and tends to 2 t as h tends to 0.
    h, t = sp.symbols("h t", positive=True)
    gain = (1 - sp.exp(-2 * h * t)) / h
    assert sp.simplify(sp.diff(gain, t) - 2 * (1 - h * gain)) == 0
    assert gain.subs(t, 0) == 0
    assert sp.limit(gain, h, 0) == 2 * t


def test_the_constant_one_half_is_the_limit_of_a_family():
    # v0 = W (1 + tau), perfect features at sine s: D(inf) (1 + W)^2 / (c phi^2 / W) -> (1 + W)^2 / (2 (W^2 + s^2)).
    norm, sine, tau = sp.symbols("W s tau", positive=True)
    slope = norm**3 / (norm**2 + sine**2)
    head = norm + slope * tau
    feature = norm * sine / head
    gap = head**2 - feature**2 - ((norm * (1 + tau)) ** 2 - sine**2)
    assert sp.simplify(sp.diff(gap, tau).subs(tau, 0)) == 0  # so v - W = slope tau + O(tau^2)
    ratio = slope * (1 + norm) ** 2 / (2 * norm**4 / norm)
    assert sp.simplify(ratio - (1 + norm) ** 2 / (2 * (norm**2 + sine**2))) == 0
    assert sp.limit(ratio.subs(sine, 1), norm, 0) == sp.Rational(1, 2)
    assert sp.limit(ratio, norm, sp.oo) == sp.Rational(1, 2)
