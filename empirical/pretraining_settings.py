"""How the small network is pretrained, as data; `empirical.pretraining` does it."""

from dataclasses import dataclass

from empirical.records import PretrainingLooks

#: On which a pretrained network is judged.
HELD_OUT_PICTURES = 4096


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """How long, how fast, on which looks, from which seed; no step leaves the network as it is drawn."""

    steps: int = 400
    batch_size: int = 128
    looks: PretrainingLooks = "all"
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    seed: int = 20


#: Of the backbone `small_resnet` where nothing else is said.
AS_SHIPPED = Pretraining()
