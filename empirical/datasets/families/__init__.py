"""The families of the catalogue, a file each: sources, sets, splits, columns and pipelines of one ID task.

A file in this folder that has `FAMILIES`, a tuple of `Family`, is in the catalogue (`empirical.datasets.catalogue`).
"""
