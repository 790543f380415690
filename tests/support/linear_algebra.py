"""How many threads libraries of linear algebra take."""

from threadpoolctl import threadpool_info


def threads_of_linear_algebra() -> set[int]:
    """Of all that are loaded, NumPy's and SciPy's among them."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
