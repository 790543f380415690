"""The ways in which a result can disappoint its reader."""

#: Characters of a message. A damaged file may offer a name of 60 MB, which nobody reads.
LONGEST_MESSAGE = 2000


class UserError(ValueError):
    """A mistake that its maker can mend: the message says what must hold, what came, and how to mend it.

    The command line prints it as one line and exits with status 1. A message that is too long loses its middle, so
    that the beginning (where) and the end (how to mend it) stay.
    """

    def __init__(self, message: str):
        if len(message) > LONGEST_MESSAGE:
            half = LONGEST_MESSAGE // 2
            message = f"{message[:half]} [...] {message[-half:]}"
        super().__init__(message)


class DamagedArtifact(UserError):
    """A published directory whose files are missing or differ from their recorded SHA-256."""


class ArgumentError(UserError):
    """An argument lies outside of what it may be, whatever the data: on the command line, wrong usage."""
