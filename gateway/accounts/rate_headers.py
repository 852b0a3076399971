"""Rate limits as HTTP headers: the two of the IETF draft, and the three older `X-RateLimit-` ones.

Source: draft-ietf-httpapi-ratelimit-headers-11, whose fields are RFC 9651 lists.
"""

import math
import time

from gateway.accounts.caller import Windows


async def headers(windows: Windows) -> dict[str, str]:
    """Return the rate-limit headers of a response; empty if its caller has no limits.

    The older headers hold only one limit: the one with the smallest share left.
    """
    # Awaited in turn, as most are done: `gather` costs more than all else here.
    found = [await each for each in windows]
    known = {window.limit.name: window for window in found if window}.values()
    if not known:
        return {}
    tightest = min(known, key=lambda window: window.remaining / window.limit.quota)
    return {
        "RateLimit-Policy": ", ".join(
            f'"{window.limit.name}";q={window.limit.quota};w={window.limit.window_s}'
            for window in known
        ),
        "RateLimit": ", ".join(
            f'"{window.limit.name}";r={window.remaining};t={math.ceil(window.reset_s)}'
            for window in known
        ),
        "X-RateLimit-Limit": str(tightest.limit.quota),
        "X-RateLimit-Remaining": str(tightest.remaining),
        "X-RateLimit-Reset": str(math.ceil(time.time() + tightest.reset_s)),
    }
