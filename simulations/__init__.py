"""Numbers to hold against theory: random problems, gradient flow, experiments. All randomness enters as a key.

Enable double precision first: `jax.config.update("jax_enable_x64", True)`.
"""
