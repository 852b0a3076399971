"""A job that is being received."""

import asyncio
import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import tracing
from gateway.bulk import fields
from gateway.bulk.job import MAX_IMAGES, Job
from gateway.bulk.job_store import Asked
from gateway.errors import BadRequest, GatewayError, KeyReused
from gateway.options import Options, parse
from gateway.orders.order import check_background
from gateway.outages import OUTAGES

if TYPE_CHECKING:
    from gateway.bulk.intake import Intake

ENQUEUE_TIMEOUT_S = 5.0


class Draft:
    """Keeps what arrives, one image after the other.

    Args:
        job_id: of the job that it becomes.
        intake: that it came to.
        lives_h: hours for which the job is kept.
        is_keyed: whether it came with an idempotency key, and needs a fingerprint.
        earlier: the job that the same key made before: what arrives is compared and not kept.
    """

    def __init__(
        self,
        job_id: str,
        intake: "Intake",
        lives_h: float,
        *,
        is_keyed: bool = False,
        earlier: Job | None = None,
    ) -> None:
        self.id, self._intake = job_id, intake
        self._lives = timedelta(hours=lives_h)
        self._is_keyed, self._earlier = is_keyed, earlier
        self._names: list[str] = []
        self._sha256s: list[str] = []
        self._has_backdrop = self.accepted = False

    @property
    def is_replayed(self) -> bool:
        """Whether the job was made by an earlier request."""
        return self._earlier is not None

    async def add(self, name: str, data: bytes) -> None:
        """Keep an image.

        Raises:
            BadRequest: there are too many.
            BadImage, TooManyPixels, ImageTooLarge: it is none that can be done.
        """
        if len(self._names) == MAX_IMAGES:
            raise BadRequest(f"Send at most {MAX_IMAGES} images in one job.")
        name = fields.name(name)
        number = len(self._names)
        await self._keep(f"Image {number + 1} ({name[:80]!r})", str(number), data)
        self._names.append(name)

    async def add_backdrop(self, data: bytes) -> None:
        """Keep the picture to lay behind all of them.

        Raises:
            BadRequest: there is one already.
            BadImage, TooManyPixels, ImageTooLarge: as for `add`.
        """
        if self._has_backdrop:
            raise BadRequest("Send only one bg_image.")
        await self._keep("The background", "backdrop", data)
        self._has_backdrop = True

    async def accept(self, texts: Mapping[str, str], custom_ids: Sequence[str]) -> Job:
        """Make it a job that will be done whatever happens.

        Args:
            texts: the options, `metadata`, and `webhook_url`.
            custom_ids: of the images, in their order; there may be fewer.

        Raises:
            BadRequest: there is no image, or there are more ids than images.
            BadOption: a text is wrong.
            KeyReused: the idempotency key came with something else before.
        """
        asked = self._asked(dict(texts))
        names = self._named(custom_ids)
        if self._is_keyed:
            asked = self._marked(asked, names)
        if self._earlier:
            if asked.fingerprint != self._earlier.fingerprint:
                raise KeyReused
            return self._earlier
        accepting = asyncio.to_thread(self._intake.jobs.accept, self.id, asked, names, self._lives)
        self.accepted = True  # from here on: nothing can tell whether it has been written yet
        try:
            job = await asyncio.shield(accepting)
        except Exception:
            self.accepted = False  # the caller is told so
            raise
        with contextlib.suppress(*OUTAGES):  # the sweeper enqueues what was accepted
            async with asyncio.timeout(ENQUEUE_TIMEOUT_S):
                await self._intake.engine.enqueue(job.id, job.account_id)
        return job

    async def _keep(self, what: str, name: str, data: bytes) -> None:
        try:
            await self._intake.remover.check(data)
        except GatewayError as error:
            error.args = (f"{what}: {error}",)
            raise
        if self._is_keyed:
            sha256 = await asyncio.to_thread(hashlib.sha256, data)
            self._sha256s.append(f"{name} {sha256.hexdigest()}")
        if not self._earlier:
            await self._intake.storage.put(f"{self.id}/in/{name}", data)

    def _asked(self, texts: dict[str, str]) -> Asked:
        metadata = fields.metadata(texts.pop("metadata", ""))
        webhook_url = self._intake.webhook_url(texts.pop("webhook_url", ""))
        check_background(parse(texts), has_backdrop=self._has_backdrop)
        traceparent = tracing.headers().get("traceparent")
        return Asked(texts, metadata, webhook_url, self._has_backdrop, None, traceparent)

    def _named(self, custom_ids: Sequence[str]) -> list[tuple[str, str]]:
        if not self._names:
            raise BadRequest(
                "Send 1 to 50 images in fields named `images` (with curl: -F images=@a.jpg "
                "-F images=@b.jpg)."
            )
        if len(custom_ids) > len(self._names):
            raise BadRequest("There are more fields `custom_id` than images.")
        ids = [fields.custom_id(text) for text in custom_ids]
        ids += [""] * (len(self._names) - len(ids))
        return list(zip(self._names, ids, strict=True))

    def _marked(self, asked: Asked, names: Sequence[tuple[str, str]]) -> Asked:
        """With a fingerprint of all parts: the body itself differs each time it is encoded."""
        parsed, usual = parse(asked.options), Options()  # the same, however they were spelled
        options = {
            field.name: repr(getattr(parsed, field.name))
            for field in dataclasses.fields(Options)
            if getattr(parsed, field.name) != getattr(usual, field.name)
        }
        images = sorted(self._sha256s)
        parts = [options, asked.metadata, asked.webhook_url, names, images]
        text = json.dumps(parts, sort_keys=True)
        return dataclasses.replace(asked, fingerprint=hashlib.sha256(text.encode()).hexdigest())
