"""`dask worker --preload empirical.executors.preload`: what a worker must do before it registers with its scheduler."""

from artifacts.runtime import prepare_jax


def dask_setup(worker: object) -> None:
    """Prepare JAX, and import everything now: two threads that import the same at once may wait for each other."""
    prepare_jax()
    import empirical.engine  # noqa: F401
