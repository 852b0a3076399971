"""Sign-in by OpenID Connect: the authorization code flow with PKCE, state and nonce, by Authlib."""

import asyncio
import warnings
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from gateway.errors import Forbidden, SignInFailed
from gateway.identity.oidc_attempt import CALLBACK_PATH, Attempt
from gateway.identity.registration import Claims
from gateway.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Authlib will prefer httpx2, which nothing else here needs
    from authlib.integrations.httpx_client import AsyncOAuth2Client

SCOPE = "openid email profile"
TIMEOUT_S = 10.0
LEEWAY_S = 60
"""By how much the clocks of provider and service may differ."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures of ID tokens: by the provider's private key only, never `none` or a shared secret."""


class OpenIdConnect:
    """A client of the provider in the settings."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id, self._secret = settings.oidc_client_id, settings.oidc_client_secret
        self._callback = settings.base_url + CALLBACK_PATH
        self._metadata: dict[str, Any] = {}

    async def begin(self, next_path: str) -> tuple[str, Attempt]:
        """Return the provider's page to send the browser to, and what the browser must keep.

        Raises:
            SignInFailed: the provider does not answer.
        """
        attempt = Attempt(generate_token(32), generate_token(32), generate_token(48), next_path)
        metadata = await self._provider()
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(url), attempt

    async def finish(self, attempt: Attempt, answer_url: str) -> Claims:
        """Return who has signed in at the provider.

        Args:
            attempt: what the browser kept.
            answer_url: the URL that the provider sent the browser back to.

        Raises:
            SignInFailed: the person cancelled, the answer belongs to another attempt, or the
                provider's token is not valid.
            Forbidden: the provider does not vouch for the e-mail address.
        """
        if "code=" not in answer_url:
            raise SignInFailed
        metadata = await self._provider()
        try:
            async with self._client(attempt.state) as client:
                token = await client.fetch_token(
                    metadata["token_endpoint"],
                    authorization_response=answer_url,
                    code_verifier=attempt.verifier,
                )
            keys = await self._get(metadata["jwks_uri"])
            claims = await asyncio.to_thread(
                self._validated, token.get("id_token", ""), keys, attempt.nonce
            )
        except (AuthlibBaseError, JoseError, httpx.HTTPError, ValueError, KeyError) as error:
            raise SignInFailed from error
        return self._person(claims)

    def _validated(self, id_token: str, keys: Any, nonce: str) -> CodeIDToken:
        """Check the signature, the issuer, the audience, the nonce and the times."""
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        decoded = jwt.decode(id_token, KeySet.import_key_set(keys), registry=registry)
        required = {
            "iss": {"essential": True, "values": [self._issuer, self._issuer + "/"]},
            "aud": {"essential": True, "values": [self._client_id]},
        }
        parameters = {"nonce": nonce, "client_id": self._client_id}
        claims = CodeIDToken(decoded.claims, decoded.header, required, parameters)
        claims.validate(leeway=LEEWAY_S)
        return claims

    def _person(self, claims: CodeIDToken) -> Claims:
        email = str(claims.get("email") or "").strip().lower()
        if not email or claims.get("email_verified") is not True:
            raise Forbidden("The provider does not vouch for your e-mail address.")
        return Claims(f"{self._issuer} {claims['sub']}", email, str(claims.get("name") or ""))

    async def _provider(self) -> dict[str, Any]:
        """Return the provider's metadata, fetched at the first use."""
        if not self._metadata:
            try:
                url = f"{self._issuer}/.well-known/openid-configuration"
                self._metadata = await self._get(url)
            except (httpx.HTTPError, ValueError) as error:
                raise SignInFailed("The sign-in provider does not answer.") from error
        return self._metadata

    def _client(self, state: str = "") -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._client_id,
            self._secret,
            scope=SCOPE,
            redirect_uri=self._callback,
            state=state or None,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
        )

    @staticmethod
    async def _get(url: str) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.get(url)
            document: dict[str, Any] = answer.raise_for_status().json()
            return document
