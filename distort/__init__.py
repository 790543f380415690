"""The command line, `distort`: every command a class whose fields are its flags and whose call does its work."""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from theory.version import __version__

        return __version__
    raise AttributeError(f"module 'distort' has no attribute {name!r}")
