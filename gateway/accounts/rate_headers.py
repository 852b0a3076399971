"""Rate limits as headers: the IETF draft's two fields, and the older three that clients know.

Source: draft-ietf-httpapi-ratelimit-headers-11, whose fields are RFC 9651 lists.
"""

import asyncio
import math
import time

from gateway.accounts.gate import Windows
from gateway.accounts.rate_limits import WINDOW_S


async def headers(windows: Windows) -> dict[str, str]:
    """What an answer says of its caller's limits; nothing where there are none.

    The older fields have room for one limit: the one that will be used up first.
    """
    known = [window for window in await asyncio.gather(*windows) if window]
    if not known:
        return {}
    tightest = min(known, key=lambda window: window.remaining / window.limit.quota)
    return {
        "RateLimit-Policy": ", ".join(
            f'"{window.limit.name}";q={window.limit.quota};w={WINDOW_S}' for window in known
        ),
        "RateLimit": ", ".join(
            f'"{window.limit.name}";r={window.remaining};t={math.ceil(window.reset_s)}'
            for window in known
        ),
        "X-RateLimit-Limit": str(tightest.limit.quota),
        "X-RateLimit-Remaining": str(tightest.remaining),
        "X-RateLimit-Reset": str(math.ceil(time.time() + tightest.reset_s)),
    }
