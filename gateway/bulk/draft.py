"""A job whose images are still being received."""

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.accounts.caller import Caller
from gateway.bulk import fields, storage
from gateway.bulk.draft_store import DraftStore, JobRequest
from gateway.bulk.idempotency import check_same_request, fingerprint
from gateway.bulk.job import MAX_IMAGES, Job
from gateway.bulk.job_queue import JobQueue
from gateway.bulk.storage import Storage
from gateway.errors import BadRequest, GatewayError
from gateway.observability import tracing
from gateway.options import parse
from gateway.removal import Remover
from gateway.requests.removal_request import check_background
from gateway.settings import Settings
from gateway.store_outages import OUTAGES
from gateway.webhooks import url

ENQUEUE_TIMEOUT_S = 5.0
SHARED_FILES = {"bg_image": "backdrop", "mask": "mask", "trimap": "trimap"}
"""Files that all images of a job share: the field of each, and its name in the storage."""
LABELS = {"bg_image": "The background", "mask": "The mask", "trimap": "The trimap"}
"""How errors name them."""


class Draft:
    """Stores images as they arrive, and becomes a job once it is accepted.

    Args:
        job_id: the ID of the job that it becomes.
        caller: its owner.
        drafts: accepts it.
        blobs: stores its images.
        queue: gets the accepted job.
        remover: checks the images.
        settings: the job's lifetime, and whether webhooks are on.
        is_keyed: whether it came with an idempotency key, so that it needs a fingerprint.
        original: the job that an earlier request created with the same key. Images are then
            compared with it and not stored.
    """

    def __init__(
        self,
        job_id: str,
        caller: Caller,
        drafts: DraftStore,
        blobs: Storage,
        queue: JobQueue,
        remover: Remover,
        settings: Settings,
        *,
        is_keyed: bool = False,
        original: Job | None = None,
    ) -> None:
        self.id, self._caller = job_id, caller
        self._drafts, self._blobs, self._queue = drafts, blobs, queue
        self._remover, self._settings = remover, settings
        self._is_keyed, self._original = is_keyed, original
        self._names: list[str] = []
        self._image_hashes: list[str] = []
        self._shared: set[str] = set()
        self.is_accepted = False

    @property
    def is_replayed(self) -> bool:
        """Whether an earlier request has created the job."""
        return self._original is not None

    async def add_image(self, name: str, data: bytes) -> None:
        """Check and store the next image.

        Raises:
            BadRequest: there are already `MAX_IMAGES` images.
            BadImage, TooManyPixels, ImageTooLarge: as `Remover.check` raises them.
        """
        if len(self._names) == MAX_IMAGES:
            raise BadRequest(f"Send at most {MAX_IMAGES} images in one job.")
        name = fields.clean_file_name(name)
        number = len(self._names)
        await self._check(f"Image {number + 1} ({name[:80]!r})", data)
        await self._store(str(number), storage.image_path(self.id, number), data)
        self._names.append(name)

    async def add_shared_file(self, field: str, data: bytes) -> None:
        """Check and store a file that applies to all images.

        Args:
            field: one of SHARED_FILES.
            data: the file.

        Raises:
            BadRequest: there is one already.
            BadImage, TooManyPixels, ImageTooLarge: as `Remover.check` raises them.
        """
        if field in self._shared:
            raise BadRequest(f"Send only one {field}.")
        await self._check(LABELS[field], data)
        name = SHARED_FILES[field]
        await self._store(name, storage.shared_path(self.id, name), data)
        self._shared.add(field)

    async def accept(self, texts: Mapping[str, str], custom_ids: Sequence[str]) -> Job:
        """Turn the draft into a durable job, and enqueue it.

        Args:
            texts: the options, `metadata`, and `webhook_url`.
            custom_ids: of the images, in order; there may be fewer.

        Raises:
            BadRequest: there are no images, or more custom IDs than images.
            BadOption: a value is invalid.
            KeyReused: the idempotency key came with a different request before.
        """
        request = self._request(dict(texts))
        names = self._names_with_ids(custom_ids)
        if self._is_keyed:
            request = replace(request, fingerprint=fingerprint(request, names, self._image_hashes))
        if self._original:
            check_same_request(request, self._original)
            return self._original
        job = await self._accept(request, names)
        with contextlib.suppress(*OUTAGES):  # the sweeper enqueues accepted jobs later
            async with asyncio.timeout(ENQUEUE_TIMEOUT_S):
                await self._queue.enqueue(job.id, job.account_id)
        return job

    async def _accept(self, request: JobRequest, names: Sequence[tuple[str, str]]) -> Job:
        ttl = timedelta(hours=self._settings.bulk_ttl_h)
        accepting = asyncio.to_thread(self._drafts.accept, self.id, request, names, ttl)
        # If this task is cancelled from here on, the thread may still commit: the job must stay.
        self.is_accepted = True
        try:
            return await asyncio.shield(accepting)
        except Exception:
            self.is_accepted = False  # the caller gets an error
            raise

    async def _check(self, label: str, data: bytes) -> None:
        """Check an image; the error names it by its label."""
        try:
            await self._remover.check(data)
        except GatewayError as error:
            error.args = (f"{label}: {error}",)
            raise

    async def _store(self, name: str, path: str, data: bytes) -> None:
        if self._is_keyed:
            sha256 = await asyncio.to_thread(hashlib.sha256, data)
            self._image_hashes.append(f"{name} {sha256.hexdigest()}")
        if not self._original:
            await self._blobs.put(path, data)

    def _request(self, texts: dict[str, str]) -> JobRequest:
        metadata = fields.parse_metadata(texts.pop("metadata", ""))
        webhook_url = self._webhook_url(texts.pop("webhook_url", ""))
        options = parse(texts)
        model = self._remover.choose_model(options.model, self._caller)
        if self._caller.key.models is not None:  # the worker knows no account
            texts["model"] = model.name
        has_backdrop = "bg_image" in self._shared
        check_background(options, has_backdrop=has_backdrop)
        return JobRequest(
            texts,
            metadata,
            webhook_url,
            has_backdrop,
            fingerprint=None,
            traceparent=tracing.headers().get("traceparent"),
            has_mask="mask" in self._shared,
            has_trimap="trimap" in self._shared,
        )

    def _webhook_url(self, text: str) -> str | None:
        are_on = self._settings.webhooks == "on"
        return url.parse(text, "webhook_url", are_webhooks_on=are_on) if text else None

    def _names_with_ids(self, custom_ids: Sequence[str]) -> list[tuple[str, str]]:
        if not self._names:
            raise BadRequest(
                "Send 1 to 50 images in fields named `images` (with curl: -F images=@a.jpg "
                "-F images=@b.jpg)."
            )
        if len(custom_ids) > len(self._names):
            raise BadRequest("There are more fields `custom_id` than images.")
        ids = [fields.parse_custom_id(text) for text in custom_ids]
        ids += [""] * (len(self._names) - len(ids))
        return list(zip(self._names, ids, strict=True))
