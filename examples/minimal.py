"""Fine-tuning distorts pretrained features: the whole effect from NumPy alone, in a few seconds.

A two-layer linear network f(x) = v . (B x) has a head v and features B. Its pretrained features are almost those of the
truth. Training inputs lie in a subspace; test inputs out of distribution (OOD) may point anywhere.

    python examples/minimal.py
"""

import numpy as np

INPUTS, FEATURES, SUBSPACE, EXAMPLES = 20, 2, 8, 40
rng = np.random.default_rng(0)


def orthonormal(rows: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the space that the rows span."""
    return np.linalg.qr(rows.T)[0].T


true_features = orthonormal(rng.normal(size=(FEATURES, INPUTS)))
pretrained = orthonormal(true_features + 0.002 * rng.normal(size=(FEATURES, INPUTS)))
true_weights = true_features.T @ np.array([1.0, 1.0])
basis = orthonormal(rng.normal(size=(SUBSPACE, INPUTS)))  # of the subspace that training inputs lie in
inputs = rng.normal(size=(EXAMPLES, SUBSPACE)) @ basis
labels = inputs @ true_weights  # no noise: whatever goes wrong is not overfitting
random_head = 0.5 * rng.normal(size=FEATURES)


def train(head: np.ndarray, *, tune_features: bool, steps: int = 20_000, rate: float = 2e-4):
    """Gradient descent on the squared error of all examples, from the pretrained features."""
    head, features = head.copy(), pretrained.copy()
    for _ in range(steps):
        gradient = 2 * inputs.T @ (inputs @ (features.T @ head) - labels)  # in the weights w = B^T v
        head_step = features @ gradient
        if tune_features:
            features -= rate * np.outer(head, gradient)
        head -= rate * head_step
    return head, features


def errors(head: np.ndarray, features: np.ndarray) -> tuple[float, float]:
    """Squared error of the worst unit input within the training subspace (ID), and of the worst of all (OOD)."""
    difference = features.T @ head - true_weights
    return float(np.sum((basis @ difference) ** 2)), float(np.sum(difference**2))


def results() -> dict[str, tuple[float, float]]:
    """ID and OOD error of the three methods."""
    linear_probing = train(random_head, tune_features=False)
    return {
        "linear probing (LP)": errors(*linear_probing),
        "fine-tuning (FT)": errors(*train(random_head, tune_features=True)),
        "LP, then FT (LP-FT)": errors(*train(linear_probing[0], tune_features=True)),
    }


if __name__ == "__main__":
    for method, (within, outside) in results().items():
        print(f"{method:20} ID error {within:.6f}   OOD error {outside:.6f}")
