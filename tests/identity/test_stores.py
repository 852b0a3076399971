from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import Engine, select, update

from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.errors import InvalidKey
from gateway.identity.identity import Identity
from gateway.identity.members import LastOwner, Role
from gateway.identity.passwords import BadPassword
from gateway.identity.tables import InvitationRow, SignInLinkRow, UserRow
from gateway.identity.users import BadUser, NoUser, User


def a_member(
    identity: Identity, account_id: int, role: Role = Role.OWNER, email: str = "ada@example.com"
) -> User:
    user = identity.users.create(email)
    identity.members.add(account_id, user.id, role)
    return user


def token_of(link: str) -> str:
    return httpx.URL(link).path.rpartition("/")[2]


def test_addresses_are_one_persons_whatever_their_case(identity: Identity) -> None:
    ada = identity.users.create(" Ada@Example.com ")
    assert ada.email == "ada@example.com"
    assert identity.users.find("ADA@example.COM").id == ada.id
    with pytest.raises(BadUser, match="already"):
        identity.users.create("ada@EXAMPLE.com")
    grace = identity.users.create("grace@example.com")
    with pytest.raises(BadUser, match="already"):
        identity.users.set_email(grace.id, "ada@example.com")
    with pytest.raises(NoUser):
        identity.users.find("nobody@example.com")


@pytest.mark.parametrize("wrong", ["", "ada", "a b@c", "a@b@c", "a@\n", "a" * 250 + "@b.example"])
def test_addresses_that_are_none_are_rejected(wrong: str, identity: Identity) -> None:
    with pytest.raises(BadUser):
        identity.users.create(wrong)


def test_a_link_works_once_and_not_for_ever(identity: Identity, engine: Engine) -> None:
    user = identity.users.create("ada@example.com")
    token = token_of(identity.links.create(user.id))
    with engine.connect() as connection:
        assert token not in repr(connection.execute(select(SignInLinkRow)).all())
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: identity.links.consume(token), range(4)))
    assert sorted(results, key=str) == [user.id, None, None, None]
    late = token_of(identity.links.create(user.id))
    with engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(SignInLinkRow).values(expires_at=past))
    assert not identity.links.works(late)
    assert identity.links.consume(late) is None


def test_a_links_lifetime_is_the_settings(identity: Identity, engine: Engine) -> None:
    user = identity.users.create("ada@example.com")
    identity.links.create(user.id)
    with engine.connect() as connection:
        (expires_at,) = connection.execute(select(SignInLinkRow.expires_at)).one()
    left = expires_at - datetime.now(UTC)
    assert timedelta(minutes=58) < left <= timedelta(hours=1)


def test_an_invitation_expires(identity: Identity, account_id: int, engine: Engine) -> None:
    link = identity.invitations.create(account_id, "grace@example.com", Role.MEMBER)
    token = token_of(link)
    assert identity.invitations.find(token)
    with engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(InvitationRow).values(expires_at=past))
    assert identity.invitations.find(token) is None
    assert identity.invitations.of_account(account_id) == []


def test_an_account_keeps_an_owner(identity: Identity, account_id: int) -> None:
    ada = a_member(identity, account_id)
    with pytest.raises(LastOwner):
        identity.members.remove(account_id, ada.id)
    with pytest.raises(LastOwner):
        identity.members.set_role(account_id, ada.id, Role.MEMBER)
    with pytest.raises(LastOwner):
        identity.members.remove_from_all(ada.id)
    assert [each.role for each in identity.members.of_account(account_id)] == [Role.OWNER]


def test_owners_who_remove_each_other_at_once_leave_one(
    identity: Identity, account_id: int
) -> None:
    for number in range(10):
        pair = [
            a_member(identity, account_id, email=f"{number}-{side}@example.com") for side in "ab"
        ]
        rest = [
            member.user.id
            for member in identity.members.of_account(account_id)
            if member.user.id not in {user.id for user in pair}
        ]
        for user_id in rest:
            identity.members.remove(account_id, user_id)

        def remove(user: User) -> bool:
            try:
                return identity.members.remove(account_id, user.id)
            except LastOwner:
                return False

        with ThreadPoolExecutor(2) as threads:
            assert sum(threads.map(remove, pair)) == 1


def test_removing_a_user_removes_everything_of_theirs(
    identity: Identity, account_id: int, engine: Engine
) -> None:
    a_member(identity, account_id)
    grace = a_member(identity, account_id, Role.MEMBER, "grace@example.com")
    identity.sessions.start(grace.id, account_id, address="", browser="")
    identity.links.create(grace.id)
    identity.users.remove(grace.id)
    assert identity.sessions.list(grace.id) == []
    assert len(identity.members.of_account(account_id)) == 1
    with engine.connect() as connection:
        assert connection.execute(select(SignInLinkRow)).all() == []


def test_a_password_is_stored_only_as_an_argon2id_hash(identity: Identity, engine: Engine) -> None:
    user = identity.users.create("ada@example.com")
    for wrong in ("short", "x" * 201):
        with pytest.raises(BadPassword, match="10 to 200"):
            identity.passwords.set(user.id, wrong)
    identity.passwords.set(user.id, "correct horse")
    with engine.connect() as connection:
        (stored,) = connection.execute(select(UserRow.password_hash)).one()
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert identity.passwords.check("Ada@example.com", "correct horse") == (
        identity.users.find("ada@example.com")
    )
    assert identity.passwords.check("ada@example.com", "wrong horse") is None


def test_an_account_has_one_key_of_the_dashboard_that_no_secret_fits(
    engine: Engine, account_id: int
) -> None:
    keys = KeyStore(engine)
    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(lambda _: keys.of_dashboard(account_id).id, range(4)))
    assert len(found) == 1
    assert keys.of_dashboard(account_id).works
    assert keys.list() == []
    other = AccountStore(engine).create("other")
    assert keys.of_dashboard(other.id).id not in found
    for secret in ("", f"dashboard of account {account_id}"):
        with pytest.raises(InvalidKey):
            keys.check(secret)
