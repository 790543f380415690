"""Figures of the simulations: what the theorems say and what the exact flows do."""
