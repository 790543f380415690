"""Results on disk: written whole or not at all, checked before they are believed, never made twice.

Every result of the project, a simulation's curves or a training run, is a directory that this package publishes
(`publish`) and reads back (`published`). It knows nothing of what the files mean.
"""

from artifacts.directory import Artifact, Outcome, publish, published
from artifacts.environment import environment
from artifacts.errors import ArgumentError, DamagedArtifact, UserError
from artifacts.fingerprint import canonical_json, code_version, fingerprint
from artifacts.results_folder import open_results_folder

__all__ = [
    "ArgumentError",
    "Artifact",
    "DamagedArtifact",
    "Outcome",
    "UserError",
    "canonical_json",
    "code_version",
    "environment",
    "fingerprint",
    "open_results_folder",
    "publish",
    "published",
]
