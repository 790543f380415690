"""The base of every typed document and configuration: frozen, and strict about the names of its fields."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Cannot be changed once made; a field that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
