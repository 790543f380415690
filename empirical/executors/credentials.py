"""Keys for one call: who has them may speak to its scheduler and its workers, and nobody else.

Whoever reaches a Dask scheduler without keys can run code as the user, and a login node is shared. So a key is made for
each call and put where the jobs find it: in a folder of the results that only the user may read.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from artifacts import UserError
from artifacts.interrupts import held_elsewhere

if TYPE_CHECKING:
    from distributed.security import Security

#: Below the folder of a suite.
FOLDER = ".keys"
_CA, _KEY, _CERTIFICATE = "ca.pem", "key.pem", "certificate.pem"


@contextmanager
def credentials(folder: Path) -> Iterator["Security"]:
    """A key of its own for this call, which is removed with the block.

    Args:
      folder: of the suite, which client and jobs see under the same path and one client at a time works in.
    Raises:
      UserError: what makes keys is not installed.
    """
    from distributed.security import Security

    try:
        made = Security.temporary().get_tls_config_for_role("worker")
    except ImportError as error:
        raise UserError(
            "Keys must be made, for which cryptography must be installed: pip install 'feature-distortion[cluster]'."
        ) from error
    private = folder / FOLDER
    shutil.rmtree(private, ignore_errors=True)  # of a call that was killed
    private.mkdir(mode=0o700, parents=True)

    def remove() -> None:
        shutil.rmtree(private, ignore_errors=True)

    with held_elsewhere(remove):
        try:
            for name, what in ((_CA, "ca_file"), (_KEY, "key"), (_CERTIFICATE, "cert")):
                (private / name).touch(mode=0o600)
                (private / name).write_text(made[what], encoding="ascii")
            yield security(folder)
        finally:
            remove()


def security(folder: Path) -> "Security":
    """What Dask is told of the keys below a suite's folder; they need not be there yet."""
    from distributed.security import Security

    private = folder / FOLDER
    key, certificate = str(private / _KEY), str(private / _CERTIFICATE)
    roles = ("scheduler", "worker", "client")
    files = {f"tls_{role}_key": key for role in roles} | {f"tls_{role}_cert": certificate for role in roles}
    return Security(require_encryption=True, tls_ca_file=str(private / _CA), **files)
