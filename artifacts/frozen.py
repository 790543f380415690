"""What settings and records of the project are made of."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Typed fields that are checked when it is built, never change, and leave no room for a misspelt one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
