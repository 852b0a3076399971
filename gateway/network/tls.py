"""Checks the TLS certificate of both public listeners."""

import ssl

from gateway.settings import Settings


class BadCertificate(Exception):
    """The certificate or its key cannot be used. The message says why."""


def check(settings: Settings) -> None:
    """Load the certificate, if one is set, so that an error is reported before the slow start.

    Raises:
        BadCertificate: the certificate or its key cannot be used.
    """
    if not settings.tls_cert:
        return
    try:
        ssl.create_default_context().load_cert_chain(
            settings.tls_cert,
            settings.tls_key,
            password=lambda: b"",  # otherwise OpenSSL asks for a password on the terminal
        )
    except OSError as error:
        raise BadCertificate(
            f"CLEARBG_TLS_CERT and CLEARBG_TLS_KEY cannot be used: {error}"
        ) from error
