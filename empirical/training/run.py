"""What determines a training run, apart from the start and the data."""

from pydantic import Field, model_validator

from artifacts.frozen import Frozen
from empirical.methods import Method


class TrainingRun(Frozen):
    """One run, completely.

    Attributes:
      batch_size: images in a step, over all devices; the last batch of an epoch may be smaller.
      microbatches: parts in which a batch passes through the network, one after another, to save memory. Their
        gradients add up to the batch's; batch statistics would not, so it needs `norm_mode = "eval"`.
    """

    method: Method
    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    seed: int = Field(ge=0)
    microbatches: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _possible(self) -> "TrainingRun":
        if self.method.solved:
            raise ValueError(f"`method` must train something; {self.method.label} is solved, see `linear_probe`")
        if self.method.unfreezing is not None:
            self.method.unfreezing.check(self.epochs)
        if self.microbatches > 1 and self.method.norm_mode == "train":
            raise ValueError(
                '`microbatches` must be 1 in norm mode "train", where statistics are those of the whole batch, '
                f"got {self.microbatches}"
            )
        if self.microbatches > self.batch_size:
            raise ValueError(f"`microbatches` must not exceed `batch_size` {self.batch_size}, got {self.microbatches}")
        return self
