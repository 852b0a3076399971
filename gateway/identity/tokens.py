"""Random tokens of sessions and links. Only their hashes are stored."""

import hashlib
import hmac
import secrets


def new_token() -> str:
    """Return a new token of 43 characters for URLs and cookies: 256 bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of a token: too many bits to search, so SHA-256 needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(token: str) -> str:
    """Return the token that forms of a session carry; the session's cannot be derived from it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()
