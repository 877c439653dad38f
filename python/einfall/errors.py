"""Errors a user can act on; the command line prints them as one line and exits with 1."""


class EinfallError(Exception):
    """Any failure of the compiler or the runtime that is not a bug in the caller's Python."""


class CompileError(EinfallError):
    """The compiler refused a program. `diagnostics` is everything that it said."""

    def __init__(self, message: str, diagnostics: str = ""):
        super().__init__(message)
        self.diagnostics = diagnostics


class CacheMissError(EinfallError):
    """A compilation was needed where only cached ones were allowed."""
