"""The ways in which a result can disappoint its reader."""


class UserError(ValueError):
    """A mistake that its maker can mend: the message says what must hold, what came, and how to mend it.

    The command line prints it as one line and exits with status 1.
    """


class DamagedArtifact(UserError):
    """A published directory whose files are missing or differ from their recorded SHA-256."""


class ArgumentError(UserError):
    """An argument lies outside of what it may be, whatever the data: on the command line, wrong usage."""
