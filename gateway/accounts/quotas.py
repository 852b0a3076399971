"""Monthly quotas of images, checked in memory.

A quota is the key's, whichever replica answers. The database has the images of all replicas, but is
not asked for each request. A replica knows what it had when the key was looked up, at most
`CLEARBG_KEY_CACHE_S` ago, or when the replica itself wrote last; and it knows its own images since,
also those in progress. So one replica alone never exceeds a quota. Several may by the images that
the others charged within `CLEARBG_KEY_CACHE_S` and the interval between two writes.
"""

import calendar
import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cachetools import LRUCache

from gateway.accounts.rate_limits import Limit, Window
from gateway.errors import QuotaExceeded
from gateway.observability.metrics import REFUSALS

DAY_S = 86_400
KNOWN_KEYS = 10_000


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC."""

    start_s: int
    """In Unix seconds."""
    length_s: int

    @classmethod
    def at(cls, unix_s: float) -> "Month":
        """Return the month of a time."""
        day = datetime.fromtimestamp(unix_s, UTC)
        first = datetime(day.year, day.month, 1, tzinfo=UTC)
        days = calendar.monthrange(day.year, day.month)[1]
        return cls(int(first.timestamp()), days * DAY_S)

    @property
    def end_s(self) -> int:
        """When the next one starts, in Unix seconds."""
        return self.start_s + self.length_s


@dataclass(frozen=True)
class MonthImages:
    """The images of a key in a month, as the database had them."""

    start_s: int
    """Of the month."""
    images: int


@dataclass(frozen=True)
class Quota:
    """A key's images per month, and what is known of their use."""

    key_id: int
    images_per_month: int
    known: MonthImages | None


class Quotas:
    """The quotas of all keys that this process has seen.

    Args:
        clock: returns Unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._month = Month.at(clock())
        self._written: LRUCache[tuple[int, int], int] = LRUCache(KNOWN_KEYS)
        self._unwritten: Counter[tuple[int, int]] = Counter()
        self._in_progress: Counter[int] = Counter()

    def take(self, quota: Quota) -> None:
        """Take an image from a quota; `put_back` must follow when its request has ended.

        Raises:
            QuotaExceeded: nothing was left.
        """
        self.check(quota)
        self._in_progress[quota.key_id] += 1

    def put_back(self, key_id: int, images: int) -> None:
        """Put images back: those that were charged are counted by `charge`."""
        self._in_progress[key_id] -= images
        if not self._in_progress[key_id]:
            del self._in_progress[key_id]

    def charge(self, key_id: int, at_s: int, images: int) -> None:
        """Count images that are not in the database yet."""
        self._unwritten[key_id, self._month_at(at_s).start_s] += images

    def settle(self, written: Mapping[tuple[int, int], int], totals: Mapping[int, int]) -> None:
        """Count images that are in the database now.

        Args:
            written: images by key and Unix seconds, as they were given to `charge`.
            totals: the images of keys with a quota in this month, these included.
        """
        for (key_id, at_s), images in written.items():
            month = Month.at(at_s).start_s
            self._unwritten[key_id, month] -= images
            if not self._unwritten[key_id, month]:
                del self._unwritten[key_id, month]
        month = Month.at(self._clock()).start_s
        for key_id, total in totals.items():
            self._written[key_id, month] = total

    def check(self, quota: Quota) -> None:
        """Raise QuotaExceeded if nothing is left of a quota."""
        if not self._left(quota, self._clock()):
            raise self._exceeded(quota)

    def window(self, quota: Quota) -> Window:
        """Return what is left of a quota."""
        now_s = self._clock()
        month = self._month_at(now_s)
        limit = _limit(quota.images_per_month, month.length_s)
        return Window(limit, self._left(quota, now_s), month.end_s - now_s)

    def _left(self, quota: Quota, now_s: float) -> int:
        used = self._used(quota, self._month_at(now_s).start_s)
        return max(0, quota.images_per_month - used)

    def _exceeded(self, quota: Quota) -> QuotaExceeded:
        REFUSALS.labels("quota").inc()
        return exceeded(quota.images_per_month, self._clock())

    def _month_at(self, unix_s: float) -> Month:
        if not self._month.start_s <= unix_s < self._month.end_s:
            self._month = Month.at(unix_s)
        return self._month

    def _used(self, quota: Quota, month: int) -> int:
        known = quota.known.images if quota.known and quota.known.start_s == month else 0
        # Both are what the database had; it only grows, so the larger one is the newer one.
        in_database = max(known, self._written.get((quota.key_id, month), 0))
        unwritten = self._unwritten[quota.key_id, month]
        return in_database + unwritten + self._in_progress[quota.key_id]


class QuotaWindow:
    """What is left of a quota at the time when it is awaited, for the headers of an answer."""

    def __init__(self, quotas: Quotas, quota: Quota) -> None:
        self._quotas, self._quota = quotas, quota

    def __await__(self) -> Generator[None, None, Window]:
        return self._quotas.window(self._quota)
        yield  # makes it a generator


@lru_cache(KNOWN_KEYS)
def _limit(images_per_month: int, window_s: int) -> Limit:
    return Limit("images", images_per_month, window_s=window_s)


def exceeded(images_per_month: int, now_s: float) -> QuotaExceeded:
    """Return the error for a quota that is used up."""
    end_s = Month.at(now_s).end_s
    renewed = datetime.fromtimestamp(end_s, UTC)
    return QuotaExceeded(
        f"The key's quota of {images_per_month} images for this month is used up. It is renewed on "
        f"{renewed:%Y-%m-%d} at 00:00 UTC; the owner of the account can raise it.",
        math.ceil(end_s - now_s),
    )
