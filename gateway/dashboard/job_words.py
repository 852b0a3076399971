"""Jobs and their images in words."""

from gateway.bulk.job import Item, ItemStatus, Job, JobStatus
from gateway.dashboard.option_fields import label
from gateway.rest.fields import OPTIONS

JOBS = "/dashboard/jobs"

STATUSES = {
    JobStatus.PROCESSING: ("accent", "In progress"),
    JobStatus.COMPLETED: ("good", "Completed"),
    JobStatus.PARTIAL: ("warning", "Partly completed"),
    JobStatus.FAILED: ("danger", "Failed"),
    JobStatus.CANCELED: ("", "Canceled"),
    JobStatus.EXPIRED: ("", "Expired"),
}
"""The badge of each status: its colour and text."""
ITEM_STATUSES = {
    ItemStatus.PENDING: ("", "Waiting"),
    ItemStatus.SUCCEEDED: ("good", "Done"),
    ItemStatus.FAILED: ("danger", "Failed"),
    ItemStatus.CANCELED: ("", "Canceled"),
}


def ended(job: Job) -> int:
    """Return how many images of a job have their final status."""
    return len(job.items) - job.counts[ItemStatus.PENDING]


def summary(job: Job) -> str:
    """Return how far a job is, such as `12 of 50 images done, 1 failed`."""
    counts, total = job.counts, len(job.items)
    images = "image" if total == 1 else "images"
    words = [f"{counts[ItemStatus.SUCCEEDED]} of {total} {images} done"]
    words += [
        f"{counts[status]} {status.value}"
        for status in (ItemStatus.FAILED, ItemStatus.CANCELED)
        if counts[status]
    ]
    return ", ".join(words)


def given_options(job: Job) -> list[tuple[str, str]]:
    """Return the labels and values of the options that differ from the defaults."""
    return [
        (label(name), text)
        for name, text in job.options.items()
        if text and text != OPTIONS.get(name, {"default": text}).get("default")
    ]


def has_results(job: Job) -> bool:
    """Return whether there is something to download."""
    return bool(job.counts[ItemStatus.SUCCEEDED]) and job.status is not JobStatus.EXPIRED


def why(item: Item) -> str:
    """Return why an image failed, in words that say what to do; empty for the others."""
    problem = item.problem or {}
    return str(problem.get("detail") or problem.get("title", ""))
