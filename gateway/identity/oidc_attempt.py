"""A sign-in by OpenID Connect that has begun: what the browser keeps until it comes back."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass

PATH = "/sign-in/oidc"
CALLBACK_PATH = f"{PATH}/callback"


@dataclass(frozen=True)
class Attempt:
    """What the provider's answer must fit, and where the browser goes after it."""

    state: str
    nonce: str
    verifier: str
    next: str

    def as_text(self) -> str:
        """Return it as the value of a cookie."""
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def from_text(cls, text: str) -> "Attempt":
        """Return what `as_text` has made a text of.

        Raises:
            ValueError: it is another text.
        """
        try:
            values = json.loads(urlsafe_b64decode(text))
            return cls(**{name: str(value) for name, value in values.items()})
        except (TypeError, AttributeError) as error:
            raise ValueError("not an attempt") from error
