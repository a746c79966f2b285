"""What went wrong while connecting to a relay, and which setting to look at."""

from __future__ import annotations

import os
import socket
import ssl

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPResponseException,
)

from mailer.errors import RelayError
from mailer.phrases import say

_CLOSING = 421


def failure(
    error: Exception,
    *,
    relay: str,
    where: str,
    security: str,
    waited: float,
    proof: str,
) -> RelayError:
    """*error* in words; ``temporary`` unless only an operator can help.

    *where* is host and port, *waited* the seconds that were waited for a reply, *proof*
    the setting that a refused login depends on.
    """
    temporary, closing = True, False
    match _tls_error(error) or error:
        case ssl.SSLCertVerificationError(verify_message=said):
            words = say(
                "{where} shows a certificate we do not trust: {reason}; "
                "is host or tls_name right, is ca_file needed?",
                where=where,
                reason=said,
            )
            temporary = False
        case ssl.SSLError(reason=said) if _is_about_us(said):
            words = say(
                "{where} does not accept our certificate, or wants one ({reason}); "
                "look at client_cert and client_key",
                where=where,
                reason=said,
            )
            temporary = False
        case ssl.SSLError(reason=said):
            words = say(
                "{where} does not speak TLS ({reason}); "
                'does security = "{security}" fit this port?',
                where=where,
                reason=said,
                security=security,
            )
            temporary = False
        case SMTPAuthenticationError(code=code, message=said):
            words = say(
                "{where} refuses the login ({code} {reply}); "
                "look at username and {proof}",
                where=where,
                code=str(code),
                reply=said,
                proof=proof,
            )
            temporary = not 500 <= code < 600
        case SMTPResponseException(code=code, message=said):
            words = say(
                "{where} does not let us in ({code} {reply})",
                where=where,
                code=str(code),
                reply=said,
            )
            temporary = not 500 <= code < 600
            closing = code == _CLOSING
        case TimeoutError():
            words = say(
                "{where} did not answer in {seconds} s",
                where=where,
                seconds=round(waited),
            )
        case socket.gaierror(strerror=said):
            words = say(
                "{where}: no such host is known ({error}); is the name right?",
                where=where,
                error=said,
            )
        case SMTPConnectError() | OSError() if security == "none":
            words = say(
                "{where} cannot be reached ({error}); is it running? "
                "`mailer inbox` starts a trial relay",
                where=where,
                error=_said(error),
            )
        case SMTPConnectError() | OSError():
            words = say(
                "{where} cannot be reached ({error}); is it the right port?",
                where=where,
                error=_said(error),
            )
        case _:
            words = say(
                '{where}: {error}; does security = "{security}" fit this port?',
                where=where,
                error=error,
                security=security,
            )
            temporary = False
    return RelayError(words, relay=relay, temporary=temporary, closing=closing)


def _is_about_us(reason: str | None) -> bool:
    """Whether TLS ended for the certificate that we showed, or did not.

    Up to TLS 1.2 a relay that wants one and gets none says HANDSHAKE_FAILURE.
    """
    words = ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")
    return "ALERT" in (reason or "") and any(w in (reason or "") for w in words)


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The fault of TLS behind *error*; a connection that merely ended is none."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _said(error: BaseException) -> str:
    """What the system said, or the layer nearest to it, without those around it."""
    cause: BaseException | None = error
    innermost = ""
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and cause.errno > 0:
            return os.strerror(cause.errno)
        innermost = str(cause) or innermost
        cause = cause.__cause__ or cause.__context__
    return innermost
