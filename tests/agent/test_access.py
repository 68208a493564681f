"""Which model a job gets, with and without a key."""

import pytest

from cloud.agent.access import OFFLINE_MODEL, ModelAccess
from cloud.agent.model_errors import ModelError

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
