"""The certificate of both public listeners."""

import ssl

from gateway.settings import Settings


class BadCertificate(Exception):
    """The certificate or its key cannot be used."""


def check(settings: Settings) -> None:
    """Try the certificate before anything slow is done.

    Raises:
        BadCertificate: with what is wrong.
    """
    if not settings.tls_cert:
        return
    try:
        ssl.create_default_context().load_cert_chain(
            settings.tls_cert,
            settings.tls_key,
            password=lambda: b"",  # or it asks for one on the terminal
        )
    except OSError as error:
        raise BadCertificate(
            f"CLEARBG_TLS_CERT and CLEARBG_TLS_KEY cannot be used: {error}"
        ) from error
