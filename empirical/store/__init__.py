"""Images decoded once and packed, so that an epoch is read at the speed of the disk and resumes where it stopped."""

from empirical.datasets.locations import is_packed
from empirical.store.batches import Batch, epoch_batches, order
from empirical.store.form import Form, Store
from empirical.store.packed import pack_family, packed_dataset
from empirical.store.packing import pack
from empirical.store.reading import StoredImages, open_store, verify_store

__all__ = [
    "Batch",
    "Form",
    "Store",
    "StoredImages",
    "epoch_batches",
    "is_packed",
    "open_store",
    "order",
    "pack",
    "pack_family",
    "packed_dataset",
    "verify_store",
]
