"""Linear theory on measured inputs: two-layer linear networks, solved exactly, on the second moments of real images.

Between `simulations`, where inputs are random, and `empirical`, where networks are deep; it knows both.
"""
