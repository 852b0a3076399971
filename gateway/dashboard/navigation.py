"""The navigation: its entries, and who sees them."""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.identity.sessions import Visitor


@dataclass(frozen=True)
class Entry:
    """A page in the navigation."""

    path: str
    label: str
    icon: str
    """Name of a symbol in `icons.html`."""
    for_owners: bool = False
    for_admins: bool = False

    def is_for(self, visitor: Visitor) -> bool:
        """Return whether a visitor may open the page."""
        return (visitor.is_owner or not self.for_owners) and (
            visitor.is_admin or not self.for_admins
        )


ENTRIES = (
    Entry("/", "Playground", "image"),
    Entry("/dashboard/keys", "API keys", "key"),
    Entry("/dashboard/usage", "Usage", "chart"),
    Entry("/dashboard/jobs", "Bulk jobs", "layers"),
    Entry("/dashboard/webhooks", "Webhooks", "bell"),
    Entry("/dashboard/members", "Members", "people"),
    Entry("/dashboard/settings", "Settings", "gear"),
    Entry("/dashboard/status", "Status", "pulse", for_admins=True),
    Entry("/dashboard/accounts", "Accounts", "building", for_admins=True),
)


def entries(paths: Collection[str], visitor: Visitor) -> list[Entry]:
    """Return what a visitor sees of the pages that there are."""
    return [entry for entry in ENTRIES if entry.path in paths and entry.is_for(visitor)]
