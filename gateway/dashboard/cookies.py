"""The dashboard's cookies: the session's, and one for browsers in which nobody is signed in."""

from fastapi import Request, Response

from gateway.identity.tokens import csrf_token, new_token

SESSION, ANONYMOUS = "clearbg_session", "clearbg_visitor"


def read(request: Request, name: str) -> str:
    """Return a cookie's value; empty if the browser has none."""
    return request.cookies.get(_full(request, name), "")


def write(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    """Set a cookie that scripts cannot read and other sites' forms do not send."""
    response.set_cookie(
        _full(request, name),
        value,
        max_age=max_age_s,
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )


def clear(request: Request, response: Response, name: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(
        _full(request, name), httponly=True, samesite="lax", secure=_is_secure(request)
    )


def csrf_of(request: Request) -> str:
    """Return the token that this browser's forms must carry; empty without any cookie."""
    source = read(request, SESSION) or getattr(request.state, "anonymous", "")
    source = source or read(request, ANONYMOUS)
    return csrf_token(source) if source else ""


def ensure_csrf(request: Request) -> str:
    """Return the token for a page's forms; `keep_anonymous` stores what it is derived from."""
    if not csrf_of(request):
        request.state.anonymous = new_token()
    return csrf_of(request)


def keep_anonymous(request: Request, response: Response) -> None:
    """Set the cookie of a browser without a session, if `ensure_csrf` made one."""
    if made := getattr(request.state, "anonymous", ""):
        write(request, response, ANONYMOUS, made, max_age_s=24 * 3600)


def _full(request: Request, name: str) -> str:
    """Return the cookie's name; under TLS with the prefix that keeps subdomains from setting it."""
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
