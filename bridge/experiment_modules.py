"""Which module an experiment is, found by its file: nothing is imported to find out."""

from pathlib import Path

#: Where experiments lie, as packages.
PACKAGES = ("simulations.experiments", "bridge.experiments")
HERE = Path(__file__).resolve().parent.parent


def experiment_module(name: str) -> str:
    """The module of an experiment of this name.

    Raises:
      ValueError: there is none.
    """
    for package in PACKAGES:
        if (HERE.joinpath(*package.split(".")) / f"{name}.py").is_file():
            return f"{package}.{name}"
    raise ValueError(f"An experiment must have a module of its name in {' or '.join(PACKAGES)}, got {name!r}.")
