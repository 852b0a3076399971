import pytest
from sqlalchemy import Engine

from gateway.accounts.accounts import DEFAULT, AccountExists, AccountStore, NoAccount


def test_accounts_are_created_listed_and_disabled(engine: Engine) -> None:
    store = AccountStore(engine)
    created = store.create("shop")
    assert [account.name for account in store.list()] == [DEFAULT, "shop"]
    assert store.find("shop") == created
    store.disable("shop")
    disabled = store.find("shop").disabled_at
    assert disabled
    store.disable("shop")
    assert store.find("shop").disabled_at == disabled


def test_duplicate_and_unknown_names_are_rejected(engine: Engine) -> None:
    store = AccountStore(engine)
    with pytest.raises(AccountExists, match="default"):
        store.create(DEFAULT)
    for call in (store.find, store.disable):
        with pytest.raises(NoAccount, match="nobody"):
            call("nobody")
