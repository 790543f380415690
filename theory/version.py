"""The version of the project, as it is installed."""

from importlib.metadata import version

__version__ = version("feature-distortion")
