"""Every metric, named once. The README's table says what each one means."""

from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each counter that nobody asks for

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""From a small image's decoding to the longest deadline."""

REQUESTS = Counter("clearbg_requests", "Requests answered.", ["transport", "route", "status"])
REQUEST_SECONDS = Histogram(
    "clearbg_request_seconds", "From request to answer.", ["transport", "route"], buckets=BUCKETS_S
)
REQUESTS_IN_FLIGHT = Gauge(
    "clearbg_requests_in_flight", "Requests that are not answered yet.", ["transport"]
)
ERRORS = Counter("clearbg_errors", "Requests answered with an error, by its slug.", ["slug"])
IMAGES = Counter("clearbg_images", "Images cut out, by the device of the model.", ["device"])
STAGE_SECONDS = Histogram(
    "clearbg_stage_seconds", "Time an image spends in each stage.", ["stage"], buckets=BUCKETS_S
)
PIXELS_IN_FLIGHT = Gauge("clearbg_pixels_in_flight", "Pixels being worked on.")
UPLOAD_BYTES_IN_FLIGHT = Gauge(
    "clearbg_upload_bytes_in_flight", "Bytes of uploads and answers in memory."
)
MODEL_IMAGES = Gauge(
    "clearbg_model_images", "Images that wait for a model or are in it.", ["priority"]
)
REFUSALS = Counter("clearbg_refusals", "Requests refused at once, by what was full.", ["by"])
for by in ("pixels", "bytes", "queue", "places", "rate limit"):
    REFUSALS.labels(by)  # at 0 from the start: rate() does not see a series' first value
PROBES = Counter("clearbg_probes", "Inferences of our own, to see whether Triton answers.")
BREAKER_OPEN = Gauge("clearbg_breaker_open", "1 while Triton is not asked because it fails.")
FALLBACKS = Counter("clearbg_fallbacks", "Images given to the CPU because Triton failed.")
RATE_LIMIT_FAILURES = Counter(
    "clearbg_rate_limit_failures", "Questions that the rate limits' store did not answer."
)
DISK_FREE = Gauge("clearbg_disk_free_bytes", "Room on the disk of the data folder.")
DISK_SIZE = Gauge("clearbg_disk_size_bytes", "Size of the disk of the data folder.")
BULK_JOBS = Counter("clearbg_bulk_jobs", "Bulk jobs that have ended, by their status.", ["status"])
BULK_IMAGES = Counter(
    "clearbg_bulk_images", "Images of bulk jobs that have ended, by their status.", ["status"]
)
BULK_RETRIES = Counter("clearbg_bulk_retries", "Times that a bulk image waited for room.")
BULK_WAITING = Gauge("clearbg_bulk_jobs_waiting", "Bulk jobs that have not begun.")
BULK_WAITING_SECONDS = Gauge(
    "clearbg_bulk_oldest_waiting_seconds", "Age of the oldest bulk job that has not begun."
)
WEBHOOK_ATTEMPTS = Counter(
    "clearbg_webhook_attempts", "Attempts to deliver a webhook, by outcome.", ["outcome"]
)
for outcome in ("delivered", "refused"):
    WEBHOOK_ATTEMPTS.labels(outcome)
READY = Gauge("clearbg_ready", "1 while /readyz answers 200.")
BUILD = Info("clearbg_build", "Version of the service.")
