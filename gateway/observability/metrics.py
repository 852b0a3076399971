"""All metrics. The table of docs/operations.md explains each one."""

from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call] # they would add an unused series for each counter

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""From decoding a small image to the longest deadline."""

REQUESTS = Counter("clearbg_requests", "Requests answered.", ["transport", "route", "status"])
REQUEST_SECONDS = Histogram(
    "clearbg_request_seconds", "From request to answer.", ["transport", "route"], buckets=BUCKETS_S
)
REQUESTS_IN_FLIGHT = Gauge(
    "clearbg_requests_in_flight", "Requests that are not answered yet.", ["transport"]
)
ERRORS = Counter("clearbg_errors", "Requests answered with an error, by its slug.", ["slug"])
IMAGES = Counter(
    "clearbg_images",
    "Images cut out, by the model's device, name and version; none and empty with a mask.",
    ["device", "model", "model_version"],
)
MODEL_SECONDS = Counter(
    "clearbg_model_seconds", "Seconds that the models have computed.", ["model", "model_version"]
)
STAGE_SECONDS = Histogram(
    "clearbg_stage_seconds",
    "Seconds that an image spends in each stage.",
    ["stage"],
    buckets=BUCKETS_S,
)
PIXELS_IN_FLIGHT = Gauge("clearbg_pixels_in_flight", "Pixels of the requests in progress.")
UPLOAD_BYTES_IN_FLIGHT = Gauge(
    "clearbg_upload_bytes_in_flight", "Bytes of uploads and answers in memory."
)
MODEL_IMAGES = Gauge(
    "clearbg_model_images", "Images that wait for a model or run on it.", ["priority", "model"]
)
REFUSALS = Counter(
    "clearbg_refusals", "Requests rejected at once, by the limit that was reached.", ["by"]
)
for by in ("pixels", "bytes", "queue", "places", "rate limit", "quota"):
    REFUSALS.labels(by)  # start at 0: rate() ignores the first value of a series
PROBES = Counter("clearbg_probes", "Inferences that check whether Triton answers.")
BREAKER_OPEN = Gauge(
    "clearbg_breaker_open", "1 while images go to the fallback because Triton fails.", ["model"]
)
FALLBACKS = Counter(
    "clearbg_fallbacks", "Images computed on the CPU because Triton failed.", ["model"]
)
RATE_LIMIT_FAILURES = Counter(
    "clearbg_rate_limit_failures", "Calls to the rate limits' store that failed."
)
MASK_LOOKUPS = Counter(
    "clearbg_mask_lookups", "Images looked up in the cache of masks, by outcome.", ["outcome"]
)
for outcome in ("hit", "joined", "miss"):
    MASK_LOOKUPS.labels(outcome)
MASK_CACHE_BYTES = Gauge("clearbg_mask_cache_bytes", "Bytes of masks in the cache.")
MASK_CACHE_EVICTIONS = Counter(
    "clearbg_mask_cache_evictions", "Masks dropped from the cache to make room for others."
)
MASK_STORE_FAILURES = Counter(
    "clearbg_mask_store_failures", "Calls to the shared store of masks that failed."
)
DISK_FREE = Gauge("clearbg_disk_free_bytes", "Free space on the disk of the data folder.")
DISK_SIZE = Gauge("clearbg_disk_size_bytes", "Size of the disk of the data folder.")
BULK_JOBS = Counter("clearbg_bulk_jobs", "Bulk jobs that have ended, by their status.", ["status"])
BULK_IMAGES = Counter(
    "clearbg_bulk_images", "Images of bulk jobs that have ended, by their status.", ["status"]
)
BULK_RETRIES = Counter(
    "clearbg_bulk_retries", "Times that a bulk image was retried because the service was busy."
)
BULK_WAITING = Gauge("clearbg_bulk_jobs_waiting", "Bulk jobs that have not started.")
BULK_WAITING_SECONDS = Gauge(
    "clearbg_bulk_oldest_waiting_seconds", "Age of the oldest bulk job that has not started."
)
WEBHOOK_ATTEMPTS = Counter(
    "clearbg_webhook_attempts", "Attempts to deliver a webhook, by outcome.", ["outcome"]
)
for outcome in ("delivered", "refused"):
    WEBHOOK_ATTEMPTS.labels(outcome)
READY = Gauge("clearbg_ready", "1 while /readyz answers 200.")
BUILD = Info("clearbg_build", "Version of the service.")
