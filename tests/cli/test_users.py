import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from gateway.accounts import database
from gateway.cli import app, welcome
from gateway.identity.identity import Identity, open_identity
from gateway.settings import Settings
from tests import databases

PASSWORD = "correct horse battery"


class Users:
    """`clearbg users`, and the stores that it changes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = database.connect(settings.database)
        self.identity: Identity = open_identity(self.engine, settings)

    def run(self, *arguments: str, group: str = "users", **options: Any) -> Result:
        env = {"CLEARBG_DATA_DIR": str(self.settings.data_dir), "CLEARBG_HTTP_PORT": "8080"}
        return CliRunner().invoke(app, [group, *arguments], env=env, **options)

    def works(self, link: str) -> bool:
        path = httpx.URL(link.strip()).path
        assert path.startswith("/sign-in/link/")
        return self.identity.links.works(path.rpartition("/")[2])


@pytest.fixture
def users(tmp_path: Path) -> Users:
    databases.copy_to(tmp_path)
    return Users(Settings(data_dir=tmp_path))


def test_the_first_link_is_the_administrators(users: Users) -> None:
    done = users.run("link")
    assert done.exit_code == 0
    assert done.stdout.startswith("http://127.0.0.1:8080/sign-in/link/")
    assert users.works(done.stdout)
    (admin,) = users.identity.users.list()
    assert (admin.email, admin.is_admin) == ("admin@localhost", True)
    assert users.works(users.run("link").stdout)
    assert len(users.identity.users.list()) == 1


def test_users_are_created_listed_and_removed(users: Users) -> None:
    users.run("link")
    users.run("create", "Acme", group="accounts")
    done = users.run("create", "grace@example.com", "--name", "Grace", "--account", "Acme")
    assert users.works(done.stdout)
    assert users.run("create", "grace@example.com").exit_code == 1
    assert users.run("create", "eve@example.com", "--account", "none").exit_code == 1
    rows = json.loads(users.run("list", "--json").stdout)
    assert [(row["email"], row["accounts"]) for row in rows] == [
        ("admin@localhost", "default (owner)"),
        ("grace@example.com", "Acme (member)"),
    ]
    assert users.run("remove", "grace@example.com").exit_code == 0
    assert len(users.identity.users.list()) == 1
    assert "there is no user" in users.run("remove", "grace@example.com").stderr


def test_the_last_owner_is_neither_removed_nor_made_a_member(users: Users) -> None:
    users.run("link")
    for command in (("remove",), ("role",)):
        arguments = [*command, "admin@localhost", *(["member"] if command == ("role",) else [])]
        done = users.run(*arguments)
        assert done.exit_code == 1
        assert "owner first" in done.stderr
    users.run("create", "grace@example.com", "--role", "owner")
    assert users.run("role", "admin@localhost", "member").exit_code == 0
    assert users.run("remove", "admin@localhost", "--account", "default").exit_code == 0
    assert len(users.identity.users.list()) == 2


def test_a_role_in_a_further_account_makes_a_member_of_it(users: Users) -> None:
    users.run("link")
    users.run("create", "Acme", group="accounts")
    assert users.run("role", "admin@localhost", "owner", "--account", "Acme").exit_code == 0
    admin = users.identity.users.find("admin@localhost")
    found = users.identity.members.of_user(admin.id)
    assert [member.account.name for member in found] == ["default", "Acme"]


def test_a_password_is_set_from_standard_input_and_ends_sessions(users: Users) -> None:
    users.run("link")
    admin = users.identity.users.find("admin@localhost")
    (member,) = users.identity.members.of_user(admin.id)
    users.identity.sessions.start(admin.id, member.account.id, address="", browser="")
    assert users.run("password", admin.email, input="short\n").exit_code == 1
    assert users.run("password", admin.email, input=f"{PASSWORD}\n").exit_code == 0
    assert users.identity.passwords.check(admin.email, PASSWORD)
    assert users.identity.sessions.list(admin.id) == []


def test_administrators_are_made_and_unmade(users: Users) -> None:
    users.run("create", "grace@example.com")
    for option, is_admin in (("--on", True), ("--off", False)):
        assert users.run("admin", "grace@example.com", option).exit_code == 0
        assert users.identity.users.find("grace@example.com").is_admin is is_admin
    done = users.run("link")
    assert done.exit_code == 1
    assert "there is no administrator" in done.stderr


def test_accounts_are_limited_disabled_and_enabled(users: Users) -> None:
    users.run("limit", "default", "--requests-per-minute", "7", group="accounts")
    (account,) = json.loads(users.run("list", "--json", group="accounts").stdout)
    assert account["requests_per_minute"] == 7
    users.run("disable", "default", group="accounts")
    assert users.run("enable", "default", group="accounts").exit_code == 0
    (account,) = json.loads(users.run("list", "--json", group="accounts").stdout)
    assert account["disabled_at"] is None


def test_the_welcome_has_a_link_until_somebody_has_signed_in(
    users: Users, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        welcome.print_welcome(users.settings, users.engine)
        line = next(line for line in capsys.readouterr().out.splitlines() if "Dashboard" in line)
        assert users.works(line.split()[1])
    users.identity.users.note_sign_in(users.identity.users.list()[0].id)
    welcome.print_welcome(users.settings, users.engine)
    shown = capsys.readouterr().out
    assert "sign-in/link" not in shown
    assert f"Dashboard: {users.settings.base_url} " in shown


def test_the_welcome_has_no_link_without_the_dashboard(
    users: Users, capsys: pytest.CaptureFixture[str]
) -> None:
    off = users.settings.model_copy(update={"dashboard": "off"})
    welcome.print_welcome(off, users.engine)
    assert "sign-in/link" not in capsys.readouterr().out
    assert users.identity.users.list() == []
