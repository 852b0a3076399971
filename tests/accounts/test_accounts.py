import pytest
from sqlalchemy import Engine

from gateway.accounts.accounts import DEFAULT, AccountExists, AccountStore, NoAccount


def test_accounts_are_made_listed_and_disabled(engine: Engine) -> None:
    store = AccountStore(engine)
    made = store.create("shop")
    assert [account.name for account in store.list()] == [DEFAULT, "shop"]
    assert store.find("shop") == made
    store.disable("shop")
    disabled = store.find("shop").disabled_at
    assert disabled
    store.disable("shop")
    assert store.find("shop").disabled_at == disabled


def test_names_are_unique_and_must_be_there(engine: Engine) -> None:
    store = AccountStore(engine)
    with pytest.raises(AccountExists, match="default"):
        store.create(DEFAULT)
    for ask in (store.find, store.disable):
        with pytest.raises(NoAccount, match="nobody"):
            ask("nobody")
