"""What is said about a source of images: addresses, folders, published sizes and checksums, licence, steps by hand.

Checksums are the published ones (docs/protocol.md). Where none is published, none is given: what was fetched is then
named by its own SHA-256 in the report of the download, which the reader may compare.
"""

from collections.abc import Mapping

from pydantic import Field

from artifacts.frozen import Frozen


class Fetched(Frozen):
    """One file to fetch; `into` is where it, or what its archive holds, goes below the data root."""

    url: str
    name: str
    into: str = ""
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    @property
    def archive(self) -> bool:
        """Whether it is unpacked after it is fetched."""
        return self.name.endswith((".tar", ".tar.gz", ".zip"))


class Source(Frozen):
    """A source of images.

    Attributes:
      folders: where it is looked for, relative to the data root; of several the first that exists is taken. By default
        one that is called as the source is.
      bytes_on_disk: about, unpacked.
      md5, sha256: published checksums of files in its folder.
      steps: what to do by hand; empty where `fetched` does it all.
    """

    name: str
    title: str
    folders: tuple[str, ...] = Field(default_factory=lambda given: (given["name"],))
    bytes_on_disk: int
    licence: str
    fetched: tuple[Fetched, ...] = ()
    steps: tuple[str, ...] = ()
    md5: Mapping[str, str] = Field(default_factory=dict)
    sha256: Mapping[str, str] = Field(default_factory=dict)


GB = 10**9
