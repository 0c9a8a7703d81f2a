"""What can go wrong: one exception class per kind of error, all below `Error`.

Wrong types of arguments raise `TypeError`, as everywhere in Python; everything else that is expected to go wrong
raises a class of this module. The eleven kinds are the same words in Rust, Python and Lua.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, whose import would take longer than that of all the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "AuthError",
    "CertificateError",
    "ConfigError",
    "ConflictError",
    "Error",
    "InternalError",
    "NotFoundError",
    "ProtocolError",
    "StoppedError",
    "TimedOutError",
    "UnavailableError",
    "UnsupportedError",
    "WbemError",
]


class WbemError:
    """What WMI said went wrong: its number, and the provider's own status where it gave one.

    Example:
        >>> try:
        ...     site.get("SMS_Site.SiteCode='XYZ'")
        ... except cmgateway.errors.NotFoundError as error:
        ...     print(error.wbem, error.wbem.signed_code)
        NOT_FOUND (0x80041002) -2147217406
    """

    __slots__ = ("code", "extended", "name", "signed_code")

    code: int
    """The number, as C writes it."""
    signed_code: int
    """The number as VBScript's `Err.Number` shows it."""
    name: str
    """The name without `WBEM_E_`; empty for a number that is not documented."""
    extended: Any
    """The provider's status object, an `Instance`, or None."""

    def __init__(self, code: int, signed_code: int, name: str, extended: Any = None) -> None:
        self.code = code
        self.signed_code = signed_code
        self.name = name
        self.extended = extended

    def __str__(self) -> str:
        return f"{self.name} (0x{self.code:08X})" if self.name else f"0x{self.code:08X}"

    def __repr__(self) -> str:
        return f"<WbemError {self}>"

    def __getstate__(self) -> Any:
        # An instance of a site does not travel; what it says is in the text of the error.
        return None, {"code": self.code, "signed_code": self.signed_code, "name": self.name, "extended": None}


class Error(Exception):
    """The parent of every error of this package; its text is `could not <verb> <thing>: <cause>`.

    Example:
        >>> try:
        ...     site.gateway("nowhere.contoso.com")
        ... except cmgateway.errors.Error as error:
        ...     print(error.kind, error.fault, error.retry_after)
        not_found caller None
    """

    kind: str = "internal"
    """What went wrong, as one of eleven words."""
    operation: str
    """What was being done, as `<verb> <thing>`."""
    cause: str
    """The cause alone."""
    fault: str
    """Who has to do something about it: `caller`, `peer`, `network` or `us`."""
    retry_after: float | None
    """Seconds after which the same call may succeed: 0.0 at once, None never."""
    context: dict[str, str]
    """Names and values that help to find the cause; never a secret."""
    wbem: WbemError | None = None
    """What WMI itself said, where the error comes from WMI or stands for an error of it."""

    def __init__(
        self,
        message: str = "",
        *,
        operation: str = "",
        cause: str = "",
        fault: str = "us",
        retry_after: float | None = None,
        context: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.cause = cause
        self.fault = fault
        self.retry_after = retry_after
        self.context = {} if context is None else context

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword arguments do not survive the default way to pickle an exception.
        return (type(self), self.args, self.__dict__)


class ConfigError(Error):
    """The caller's input is wrong: a setting, an argument, a query text."""

    kind = "config"


class CertificateError(Error):
    """A certificate cannot be read, is not what was asked for, or is not trusted."""

    kind = "certificate"


class AuthError(Error):
    """The other side does not accept who we are or does not allow what we ask."""

    kind = "auth"


class NotFoundError(Error):
    """The thing asked for does not exist."""

    kind = "not_found"


class ConflictError(Error):
    """The thing exists already, exists twice, or was changed by somebody else."""

    kind = "conflict"


class UnavailableError(Error):
    """The other side (or the disk) cannot serve us now."""

    kind = "unavailable"


class TimedOutError(Error, TimeoutError):
    """No answer came within the time allowed."""

    kind = "timed_out"


class ProtocolError(Error):
    """The other side answered something that is not the protocol."""

    kind = "protocol"


class UnsupportedError(Error):
    """The transport or the server cannot do this."""

    kind = "unsupported"


class StoppedError(Error):
    """The work was stopped: cancelled, closed, interrupted."""

    kind = "stopped"


class InternalError(Error):
    """A defect of this library."""

    kind = "internal"


_BY_KIND: dict[str, type[Error]] = {child.kind: child for child in Error.__subclasses__()}


def _make(
    kind: str,
    message: str,
    operation: str,
    cause: str,
    fault: str,
    retry_after: float | None,
    context: dict[str, str],
    wbem: tuple[int, int, str, Any] | None = None,
) -> Error:
    """Called by the native module for each error of the core."""
    error = _BY_KIND.get(kind, InternalError)(
        message, operation=operation, cause=cause, fault=fault, retry_after=retry_after, context=context
    )
    if wbem is not None:
        error.wbem = WbemError(*wbem)
    return error
