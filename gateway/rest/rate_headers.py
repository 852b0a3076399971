"""Rate limits as headers: the IETF draft's two fields, and the older three that clients know.

Source: draft-ietf-httpapi-ratelimit-headers-11, whose fields are RFC 9651 lists.
"""

import math
import time
from collections.abc import Sequence

from gateway.accounts.rate_limits import WINDOW_S, Window


def headers(windows: Sequence[Window]) -> dict[str, str]:
    """What an answer says of its caller's limits; nothing where there are none.

    The older fields have room for one limit: the one that will be used up first.
    """
    if not windows:
        return {}
    tightest = min(windows, key=lambda window: window.remaining / window.limit.quota)
    return {
        "RateLimit-Policy": ", ".join(
            f'"{window.limit.name}";q={window.limit.quota};w={WINDOW_S}' for window in windows
        ),
        "RateLimit": ", ".join(
            f'"{window.limit.name}";r={window.remaining};t={math.ceil(window.reset_s)}'
            for window in windows
        ),
        "X-RateLimit-Limit": str(tightest.limit.quota),
        "X-RateLimit-Remaining": str(tightest.remaining),
        "X-RateLimit-Reset": str(math.ceil(time.time() + tightest.reset_s)),
    }
