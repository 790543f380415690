"""Figures of the benchmark on real images."""
