"""Makes what paths of pages can name, for the test that no account reaches another's."""

from collections.abc import Callable
from datetime import timedelta

from gateway.bulk.draft_store import DraftStore, JobRequest
from gateway.bulk.item_store import ItemStore
from gateway.bulk.job import new_job_id
from gateway.bulk.job_store import JobStore
from gateway.identity.members import Role
from gateway.webhooks.delivery_store import delivery_id
from tests.dashboard.conftest import Site

OTHER = "other"
"""Name of the account that the things belong to."""


def a_member(site: Site) -> object:
    return site.user("member@other.example", Role.MEMBER, OTHER).id


def an_invitation(site: Site) -> object:
    account = site.dashboard.accounts.find(OTHER)
    invitations = site.dashboard.identity.invitations
    invitations.create(account.id, "invited@other.example", Role.MEMBER)
    return invitations.of_account(account.id)[0].id


def a_session(site: Site) -> object:
    user = site.user("session@other.example", Role.MEMBER, OTHER)
    account = site.dashboard.accounts.find(OTHER)
    sessions = site.dashboard.identity.sessions
    sessions.start(user.id, account.id, address="203.0.113.9", browser="Firefox")
    return sessions.list(user.id)[0].id


def a_job(site: Site) -> object:
    """A job with one image, which is done."""
    job_id, engine = new_job_id(), site.dashboard.engine
    account = site.dashboard.accounts.find(OTHER)
    key = site.dashboard.keys.of_dashboard(account.id)
    drafts = DraftStore(engine)
    drafts.create(job_id, account_id=account.id, key_id=key.id, idempotency_key="")
    request = JobRequest({}, {}, webhook_url="http://a/", has_backdrop=False, fingerprint=None)
    job = drafts.accept(job_id, request, [("a.png", "")], timedelta(hours=1))
    result = {"media_type": "image/png", "width": 1, "height": 1, "size_bytes": 1, "crc32": 0}
    ItemStore(engine).mark_succeeded(job, 0, result, pixels=1)
    JobStore(engine).finish(job_id)
    return job_id


def a_delivery(site: Site) -> object:
    """The delivery that reports the end of such a job."""
    return delivery_id(str(a_job(site)))


def a_key(site: Site) -> object:
    return site.dashboard.keys.create("theirs", site.dashboard.accounts.find(OTHER).id)[0].id


THINGS: dict[str, Callable[[Site], object]] = {
    "user_id": a_member,
    "invitation_id": an_invitation,
    "session_id": a_session,
    "job_id": a_job,
    "delivery_id": a_delivery,
    "number": lambda _: 0,
    "key_id": a_key,
}
"""By the parameter's name in the path. A page with a new parameter adds what makes such a thing."""
