"""What packs images: a store that other code packed, or other versions of what decodes, may hold other pixels."""

from typing import NamedTuple

from artifacts.imports import BOOKKEEPING, reached_code
from artifacts.versions import accepts_other_versions, reached_versions, version_difference
from empirical.store.form import Form, Store

#: Named and not imported: code of runs that read a store does not reach it, the store does.
ENCODING = "empirical.store.encoding"


class Packer(NamedTuple):
    """Hash of the code that packs, and the versions that can change what it writes."""

    code: str
    versions: dict[str, str]


def packer(form: Form) -> Packer:
    """What packs here and now; no version counts where JPEGs are kept as they came, since they are decoded later."""
    as_they_came = form.codec == "jpeg" and form.resize is None
    return Packer(
        reached_code(ENCODING, without=BOOKKEEPING),
        {} if as_they_came else reached_versions(ENCODING, without=BOOKKEEPING),
    )


def packed_otherwise(store: Store) -> str:
    """How what packed a store differs from what is here, in one phrase; empty where it does not, or is accepted."""
    if store.code != packer(store.form).code:
        return "its code differs"
    return "" if accepts_other_versions() else other_versions(store)


def other_versions(store: Store) -> str:
    """The versions that differ from those that packed a store, in one phrase; empty where none does."""
    return version_difference(store.versions, packer(store.form).versions)
