"""On data for which the stated assumptions hold, the estimates are the theory's own numbers."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empirical.distortion import compare_heads, estimates, exposure, feature_error
from empirical.linear_probe import Features, ProbeHead
from theory.subspaces import off_subspace_cosine, on_subspace_cosine

INPUTS, WIDTH, ID_DIM, CLASSES, COUNT = 12, 3, 6, 4, 4000
SAMPLING = 0.06  # cosines from COUNT examples in INPUTS dimensions
EXACT = 1e-3  # of quantities that do not depend on the sample; features are stored in single precision
RIDGE = 0.01  # what its least penalty leaves unexplained of labels that features give away

seeds = st.integers(0, 10_000)
FEW = settings(max_examples=15)


def isotropic(draw: np.random.Generator, frame: np.ndarray) -> np.ndarray:
    """Inputs with second moment exactly the projector onto the frame, and mean zero."""
    values = draw.normal(size=(COUNT, frame.shape[1]))
    values -= values.mean(0)
    return np.sqrt(COUNT) * np.linalg.qr(values)[0] @ frame.T


def world(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features B (orthonormal rows), a frame of S, ID inputs on S and OOD inputs on its complement, all isotropic."""
    draw = np.random.default_rng(seed)
    rows = np.linalg.qr(draw.normal(size=(INPUTS, WIDTH)))[0].T
    basis = np.linalg.qr(draw.normal(size=(INPUTS, INPUTS)))[0]
    inside, outside = basis[:, :ID_DIM], basis[:, ID_DIM:]
    return rows, inside, isotropic(draw, inside), isotropic(draw, outside)


def head(weight: np.ndarray) -> ProbeHead:
    return ProbeHead(weight.astype(np.float32), np.zeros(len(weight), np.float32))


def single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32)


@FEW
@given(seeds)
def test_the_cosine_is_that_of_the_feature_rows_and_the_id_subspace(seed):
    rows, frame, id_inputs, ood_inputs = world(seed)
    seen = exposure(single(id_inputs @ rows.T), single(ood_inputs @ rows.T))
    features = jnp.asarray(rows)
    assert seen.on_cosine == pytest.approx(float(on_subspace_cosine(features, jnp.asarray(frame))), abs=EXACT)


@FEW
@given(seeds)
def test_the_basis_of_the_features_does_not_matter(seed):
    """Neither a rotation nor any other invertible map, if the heads follow: whitening takes it out."""
    rows, _, id_inputs, ood_inputs = world(seed)
    draw = np.random.default_rng(seed)
    mixing = np.eye(WIDTH) + 0.3 * draw.normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH)
    start, truth = draw.normal(size=(CLASSES, WIDTH)), draw.normal(size=(CLASSES, WIDTH))
    plain = exposure(single(id_inputs @ rows.T), single(ood_inputs @ rows.T))
    mixed = exposure(single(id_inputs @ rows.T @ mixing), single(ood_inputs @ rows.T @ mixing))
    if len(plain.id_shares) != len(mixed.id_shares):  # a mixed direction below 1 % of the energy was left out
        return
    np.testing.assert_allclose(mixed.id_shares, plain.id_shares, atol=EXACT)
    back = np.linalg.inv(mixing).T
    one, other = (
        compare_heads(head(start), head(truth), plain),
        compare_heads(head(start @ back), head(truth @ back), mixed),
    )
    assert other == pytest.approx(one, rel=EXACT)


@FEW
@given(seeds)
def test_head_alignment_error_is_that_of_the_theory(seed):
    """`phi^2 = ||V*^T V0 V0^T V* - (V*^T V*)^2||`, heads centred over classes."""
    rows, _, id_inputs, ood_inputs = world(seed)
    draw = np.random.default_rng(seed)
    start, truth = draw.normal(size=(CLASSES, WIDTH)), draw.normal(size=(CLASSES, WIDTH))
    seen = exposure(single(id_inputs @ rows.T), single(ood_inputs @ rows.T))
    v0, best = (start - start.mean(0)).T, (truth - truth.mean(0)).T
    overlap, gram = best.T @ v0, best.T @ best
    phi = np.sqrt(np.linalg.norm(overlap @ overlap.T - gram @ gram, ord=2))
    found = compare_heads(head(start), head(truth), seen)
    assert found == pytest.approx((np.linalg.norm(best, ord=2), phi), rel=EXACT)
    assert compare_heads(head(truth + 3), head(truth), seen).alignment_error <= EXACT * found.truth_norm**2
    nothing = compare_heads(head(np.zeros((CLASSES, WIDTH))), head(truth), seen)
    assert nothing.relative_alignment_error == pytest.approx(1, rel=EXACT)


@FEW
@given(seeds)
def test_labels_that_features_explain_have_no_error_and_noise_has_all(seed):
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, CLASSES, COUNT)
    # Well conditioned: a code that is nearly singular would explain little.
    turned = np.linalg.qr(draw.normal(size=(CLASSES, CLASSES)))[0]
    codes = single(np.eye(CLASSES)[labels] @ turned * draw.uniform(0.5, 2))
    explained, noise = Features(codes, labels), Features(single(draw.normal(size=(COUNT, 5))), labels)
    assert feature_error(explained, explained) < RIDGE
    assert feature_error(explained, explained) < feature_error(noise, noise)
    assert feature_error(noise, noise) == pytest.approx(1, abs=SAMPLING)


def test_feature_error_by_hand():
    """One feature that carries a two-class label with known noise."""
    draw = np.random.default_rng(0)
    labels, noise = np.arange(COUNT) % 2, 0.5  # in turn: parts must not be every other example
    signal = single((labels - 0.5 + noise * draw.normal(size=COUNT))[:, None])
    expected = np.sqrt(noise**2 / (0.25 + noise**2))  # unexplained share of the label's variance
    data = Features(signal, labels)
    assert feature_error(data, data) == pytest.approx(expected, abs=SAMPLING)


def test_classes_with_one_image_each_leave_nothing_to_hold_out():
    draw = np.random.default_rng(0)
    several = Features(single(draw.normal(size=(6, 2))), np.array([0, 0, 1, 1, 2, 2]))
    one_each = Features(several.features[:3], np.arange(3))
    assert 0 <= feature_error(several, several) <= 1
    for sets in ((one_each, several), (several, one_each)):
        with pytest.raises(ValueError, match="must have several images of a class, got 3 of as many classes"):
            feature_error(*sets)


@FEW
@given(seeds)
def test_an_error_on_id_images_grows_by_no_more_than_the_cosine_allows(seed):
    """Without any assumption: OOD inputs of any moment, those of ID images among them."""
    rows, _, id_inputs, ood_inputs = world(seed)
    draw = np.random.default_rng(seed)
    mixed = ood_inputs @ draw.normal(size=(INPUTS, INPUTS)) + draw.uniform() * id_inputs
    seen = exposure(single(id_inputs @ rows.T), single(mixed @ rows.T))
    if len(seen.id_shares) < WIDTH:  # a direction below 1 % of the energy was left out
        return
    error = draw.normal(size=WIDTH)
    on_id, on_ood = (np.sqrt(np.mean((inputs @ rows.T @ error) ** 2)) for inputs in (id_inputs, mixed))
    assert on_ood <= np.sqrt(1 / seen.on_cosine**2 - 1) * on_id * (1 + EXACT)


def test_features_do_not_tell_the_cosine_off_the_id_subspace():
    """The reason why there is no estimate of c: two linear networks with the same features of all images, and two c.

    OOD images are ID images. One network's features look at the ID subspace alone, the other's half away from it.
    """
    _, frame, id_inputs, _ = world(5)
    outside = np.linalg.svd(frame)[0][:, ID_DIM:]
    half = np.sqrt(0.5)
    seeing = frame[:, :WIDTH].T
    away = half * (frame[:, :WIDTH] + outside[:, :WIDTH]).T
    cosines = [float(off_subspace_cosine(jnp.asarray(rows), jnp.asarray(frame))) for rows in (seeing, away)]
    assert cosines == pytest.approx([0.0, half], abs=1e-7)
    for rows in (seeing, away):
        features = single(id_inputs @ rows.T)
        np.testing.assert_allclose(exposure(features, features).id_shares, 0.5, atol=EXACT)


def test_estimates_of_the_best_and_of_another_head():
    """The best head is aligned with itself; the bound on probing is that of the theory."""
    draw = np.random.default_rng(3)
    rows, _, id_inputs, ood_inputs = world(3)
    truth = draw.normal(size=(CLASSES, WIDTH))
    sets = [
        Features(single(inputs @ rows.T), np.argmax(inputs @ rows.T @ truth.T, axis=1))
        for inputs in (id_inputs, ood_inputs)
    ]
    random, best = (estimates(*sets, start=head(start), truth=head(truth)) for start in (0.01 * truth[::-1], truth))
    assert best.heads.alignment_error < 1e-3 < random.heads.alignment_error
    expected = random.feature_error * random.heads.truth_norm * (1 + 1 / random.exposure.on_cosine)
    assert random.linear_probing_upper_bound == pytest.approx(expected)


def test_features_that_do_not_vary_are_refused():
    with pytest.raises(ValueError, match="must vary"):
        exposure(np.ones((5, 3), np.float32), np.ones((4, 3), np.float32))
