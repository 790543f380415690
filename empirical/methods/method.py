"""A way to adapt a pretrained network, as one value: small concepts side by side, checked against each other."""

from pydantic import Field, field_validator, model_validator

from empirical.methods.heads import HeadStart, PartialProbe
from empirical.methods.ingredients import L2SP, Adapter, InterpolationWeights, LoRA, Mixup, SideTuning
from empirical.methods.optimisers import SGD, Optimiser, Schedule
from empirical.methods.parameters import Kind, Parameters, RateFactor, RoleLike, Value
from empirical.methods.unfreezing import Unfreezing
from empirical.records import NormMode, method_label


class Method(Value):
    """What trains, from which head, in which norm mode, when, with what penalty, on which images, by which optimiser.

    Attributes:
      name: what tables and figures call it; a variant of your own needs a name of its own.
      norm_mode: of batch normalisation during training; evaluation always uses the running averages. A network
        without running statistics (ViT) is the same in both.
      trains: kinds of parameters that the optimiser moves. None at all: the head is solved, not trained (LP).
      freezes: parameters of those kinds that stay nevertheless.
      rate_factors: parameters with a learning rate of their own; where several name a parameter they multiply.
    """

    name: str = Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f/\\$]+$")
    head_start: HeadStart
    norm_mode: NormMode
    trains: tuple[Kind, ...]
    freezes: tuple[Parameters, ...] = ()
    rate_factors: tuple[RateFactor, ...] = ()
    unfreezing: Unfreezing | None = None
    penalty: L2SP | None = None
    mixing: Mixup | None = None
    adapter: Adapter | None = None
    optimiser: Optimiser = SGD()
    schedule: Schedule = Schedule()
    interpolation: InterpolationWeights | None = None

    @property
    def solved(self) -> bool:
        """Whether the head is the minimum of a convex problem and nothing is trained."""
        return not self.trains

    @property
    def label(self) -> str:
        """Name and norm mode: what runs, rows and `--only` call it."""
        return method_label(self.name, self.norm_mode)

    @property
    def needs_probe(self) -> bool:
        """Whether a solved linear probe must be there before this method starts."""
        return self.head_start in ("linear_probe", "norm_matched_probe")

    @property
    def without_interpolation(self) -> "Method":
        """The method whose run this one shares: interpolation happens after training."""
        return self.model_copy(update={"interpolation": None})

    def moves(self, role: RoleLike) -> bool:
        """Whether the optimiser ever moves a parameter of this role."""
        return role.kind in self.trains and not any(role in frozen for frozen in self.freezes)

    def rate_factor(self, role: RoleLike) -> float:
        """The parameter's learning rate as a multiple of the run's."""
        product = 1.0
        for factor in self.rate_factors:
            product *= factor.factor if role in factor else 1.0
        return product

    @field_validator("trains")
    @classmethod
    def _once(cls, trains: tuple[Kind, ...]) -> tuple[Kind, ...]:
        if len(set(trains)) != len(trains):
            raise ValueError(f"`trains` must name each kind once, got {list(trains)}")
        return trains

    @model_validator(mode="after")
    def _no_contradiction(self) -> "Method":
        for contradiction in (self._in_what_trains(), self._in_when(), self._in_ingredients()):
            if contradiction:
                raise ValueError(contradiction)
        return self

    def _in_what_trains(self) -> str | None:
        if self.solved:
            plain = Method.model_construct(
                name=self.name, head_start=self.head_start, norm_mode=self.norm_mode, trains=()
            )
            if self.head_start != "linear_probe" or self.norm_mode != "eval" or self != plain:
                return (
                    "a method that trains nothing is the solved linear probe: it must have "
                    '`head_start = "linear_probe"`, `norm_mode = "eval"` and nothing else'
                )
            return None
        if "head" not in self.trains and not self.needs_probe:
            return '`trains` must contain "head" unless the head starts from a linear probe'
        for part in (*self.freezes, *self.rate_factors):
            idle = [kind for kind in part.kinds if kind not in self.trains]
            if idle:
                return f"`freezes` and `rate_factors` must name kinds in `trains`, got {idle[0]}"
        if any("head" in freeze.kinds for freeze in self.freezes):
            return '`freezes` must not name "head": leave it out of `trains`'
        return None

    def _in_when(self) -> str | None:
        backbone = [kind for kind in self.trains if kind != "head"]
        if self.unfreezing is not None and ("head" not in self.trains or not backbone):
            return "`unfreezing` needs a head that trains first and a backbone that trains later"
        if isinstance(self.head_start, PartialProbe) and "head" not in self.trains:
            return '`head_start` trains the head for some steps, so `trains` must contain "head"'
        if isinstance(self.head_start, PartialProbe) and not backbone and self.adapter is None:
            return "`head_start` trains the head alone, which is all that this method trains; leave one of them out"
        return None

    def _in_ingredients(self) -> str | None:
        if self.penalty is not None:
            if not set(self.trains) - {"head"}:
                return "`penalty` pulls trained backbone parameters to their pretrained values, but none trains"
            if self.adapter is not None:
                return "`penalty` and `adapter` exclude each other: an adapter leaves the pretrained values as they are"
        if isinstance(self.adapter, LoRA) and "kernel" in self.trains:
            return 'LoRA replaces the training of kernels: `trains` must not contain "kernel"'
        if isinstance(self.adapter, LoRA) and self.unfreezing is not None:
            return "LoRA and `unfreezing` exclude each other"
        if isinstance(self.adapter, SideTuning):
            if self.head_start != "random":
                return "side-tuning sums the features of two networks, for which no probe was solved: start at random"
            if not set(self.trains) - {"head"}:
                return "side-tuning must train the second network, but `trains` names the head alone"
        if self.interpolation is not None and (not self.needs_probe or isinstance(self.adapter, SideTuning)):
            return "`interpolation` starts from a classifier, so the head must start from a linear probe"
        return None
