"""The version of the project, the same for all its packages."""

from theory.version import __version__

__all__ = ["__version__"]
