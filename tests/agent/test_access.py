"""Which model a job gets, with and without a key."""

from dataclasses import replace

import pytest

from cloud.agent.access import OFFLINE_MODEL, ModelAccess
from cloud.agent.model_errors import ModelError
from cloud.agent.pace import NoPace

KEYLESS = ModelAccess("http://127.0.0.1:1", "claude-sonnet-5-5")
KEYED = ModelAccess("http://127.0.0.1:1", "claude-sonnet-5-5", api_key="sk-secret")
LOCAL_SERVER = ModelAccess("http://127.0.0.1:1", "llama", base_url="http://127.0.0.1:2")


@pytest.mark.parametrize(
    ("access", "wanted", "chosen"),
    [
        (KEYLESS, None, OFFLINE_MODEL),
        (KEYLESS, OFFLINE_MODEL, OFFLINE_MODEL),
        (KEYED, None, "claude-sonnet-5-5"),
        (KEYED, "claude-opus-5-5", "claude-opus-5-5"),
        (KEYED, OFFLINE_MODEL, OFFLINE_MODEL),
        (LOCAL_SERVER, None, "llama"),
    ],
)
def test_model_is_chosen_by_what_can_be_reached(access: ModelAccess, wanted: str | None, chosen: str) -> None:
    assert access.choose(wanted) == chosen


def test_named_model_without_a_key_is_refused_with_what_to_do() -> None:
    with pytest.raises(ModelError, match="ANTHROPIC_API_KEY"):
        KEYLESS.choose("claude-opus-5-5")


def test_offline_modeller_never_gets_the_key() -> None:
    client = KEYED.client(OFFLINE_MODEL)
    assert (client.api_key, client.base_url) == ("offline", KEYED.offline_url)
    assert KEYED.client("claude-opus-5-5").base_url is None
    assert "sk-secret" not in repr(KEYED)


def test_users_own_key_comes_first_and_pays() -> None:
    own = KEYED.for_user("sk-own-key")
    client = own.client("claude-opus-5-5")
    assert (client.api_key, client.key_owner) == ("sk-own-key", "user")
    assert own.payer_of("claude-opus-5-5") == "user"
    assert KEYED.payer_of("claude-opus-5-5") == "system"
    assert own.payer_of(OFFLINE_MODEL) == "nobody"
    assert own.client(OFFLINE_MODEL).api_key == "offline"
    assert "sk-own-key" not in repr(own)
    assert KEYED.for_user(None) is KEYED


def test_base_url_of_the_deployment_is_that_of_users_keys_too() -> None:
    assert LOCAL_SERVER.for_user("sk-own-key").client("llama").base_url == LOCAL_SERVER.base_url


def test_key_that_should_be_there_and_is_not_is_no_reason_to_use_another() -> None:
    lost = KEYED.without_key(ModelError("The key is gone.", "model_key_removed"))
    with pytest.raises(ModelError, match="gone") as caught:
        lost.choose(None)
    assert caught.value.code == "model_key_removed"
    assert lost.choose(OFFLINE_MODEL) == OFFLINE_MODEL
    assert lost.api_key is None


def test_pace_is_of_a_key_and_a_model_and_does_not_tell_the_key() -> None:
    pools: list[str] = []

    def pace_of(pool: str) -> NoPace:
        pools.append(pool)
        return NoPace()

    access = replace(KEYED, pace_of=pace_of)
    for each, model in ((access, "a"), (access, "b"), (access.for_user("sk-own-key"), "a"), (access, "a")):
        each.client(model)
    assert len(set(pools)) == 3
    assert pools[0] == pools[3]
    assert not any("sk-" in pool for pool in pools)
