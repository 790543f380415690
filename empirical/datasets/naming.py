"""What may be a name: it becomes the name of a folder, a column and a label, so it is one plain word."""

from typing import Annotated

from pydantic import StringConstraints

from artifacts import UserError

PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
LONGEST = 60
#: A data set or one of its sets.
Name = Annotated[str, StringConstraints(pattern=PATTERN, max_length=LONGEST)]
#: One line without `$` and `\\`, which start mathematics in pictures and tables, and without control characters.
Title = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029$\\]*$", max_length=200)]
#: Sets that every family has; an OOD set of the user's own is called otherwise.
RESERVED = ("id_training", "id_validation", "id_test")


def check_ood_names(names: tuple[str, ...]) -> None:
    """Refuse names of OOD sets that mean something else.

    Raises:
      UserError: one of them is reserved.
    """
    taken = next((name for name in names if name in RESERVED), None)
    if taken is not None:
        raise UserError(f"An OOD set must have a name of its own, got {taken}, which is the ID set; name it otherwise.")
