"""The settings of the dashboard: its pages, and how people sign in."""

from typing import Literal

from pydantic import Field, model_validator

from gateway.settings.service import ServiceSettings, split_list


class DashboardSettings(ServiceSettings):
    """The service's settings, and the dashboard's."""

    dashboard: Literal["on", "off"] = "on"
    """Whether the dashboard is served beside the HTTP API."""
    docs: Literal["on", "off"] = "on"
    """Whether the guide is served at `/docs` and the reference of the API at `/docs/api`, to
    everybody; also without the dashboard."""
    playground: Literal["signed-in", "open", "off"] = "signed-in"
    """Who may use the playground on the front page: `signed-in` people, or everybody (`open`),
    charged to the default account; `off`: there is no playground."""
    playground_images_per_minute: int = Field(default=20, ge=0)
    """Images in 60 seconds from one address, for visitors who are not signed in, with
    `CLEARBG_PLAYGROUND=open`; further ones get 429. 0: no limit."""
    public_url: str = ""
    """URL at which browsers reach the service, e.g. `https://cutouts.example`; for links and OIDC.
    Default: host and HTTP port."""
    session_idle_h: float = Field(default=24.0, gt=0)
    """Hours without a request after which a person must sign in again."""
    session_lifetime_h: float = Field(default=336.0, gt=0)
    """Hours after which a person must always sign in again."""
    sign_in_link_h: float = Field(default=24.0, gt=0)
    """Hours for which a one-time sign-in link works."""
    sign_in_attempts_per_minute: int = Field(default=10, ge=0)
    """Sign-in attempts in 60 seconds, for each user and from each address; further ones get 429. 0:
    no limit."""
    oidc_issuer: str = ""
    """URL of the OpenID Connect provider that people may sign in with; default: none."""
    oidc_client_id: str = ""
    """Client ID that the provider has given to this service."""
    oidc_client_secret: str = Field(default="", repr=False)
    """Secret of that client."""
    oidc_domains: str = ""
    """Comma-separated e-mail domains whose people become members of the default account at their
    first OIDC sign-in; default: only existing users may sign in."""

    @model_validator(mode="after")
    def _check_oidc(self) -> "DashboardSettings":
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise ValueError("CLEARBG_OIDC_ISSUER and CLEARBG_OIDC_CLIENT_ID go together")
        return self

    @property
    def base_url(self) -> str:
        """The public URL without a slash at its end, or its default."""
        scheme = "https" if self.tls_cert else "http"
        host = "localhost" if self.host in ("0.0.0.0", "::") else self.host
        host = f"[{host}]" if ":" in host else host
        return (self.public_url or f"{scheme}://{host}:{self.http_port}").rstrip("/")

    @property
    def allowed_oidc_domains(self) -> list[str]:
        """`oidc_domains`, parsed, in lower case."""
        return [domain.lower() for domain in split_list(self.oidc_domains)]
