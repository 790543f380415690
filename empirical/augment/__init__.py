"""Crops, flips, resizes and normalisation on the device: pure, jitted, from a key, and equal to Pillow's."""

from empirical.augment.transforms import OWN, Pipelines, Transform, apply

__all__ = ["OWN", "Pipelines", "Transform", "apply"]
