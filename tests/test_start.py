"""Placeholders and short secrets stop every start, in one sentence that does not tell them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.accounts.secrets import new_key
from cloud.errors import InvalidInput
from cloud.redaction import MASK, mask_values
from cloud.settings import Settings
from cloud.start import check_secrets, is_secret_variable, secrets_of

REMOTE = "db.internal:5432/p2m"


def _settings(**environment: str) -> Settings:
    return Settings(**{"secret_keys": None, "anthropic_api_key": None, "database_url": "", **environment})


@pytest.mark.parametrize(
    "given",
    [
        {"database_url": f"postgresql://p2m:postgres@{REMOTE}"},
        {"database_url": f"postgresql://p2m:password@{REMOTE}"},
        {"database_url": f"postgres://p2m:changeme@{REMOTE}"},
        {"database_url": f"postgresql+psycopg://p2m:change-me-please@{REMOTE}"},
        {"database_url": f"postgresql://p2m:p2m@{REMOTE}"},
        {"database_url": f"postgresql://operator:Operator@{REMOTE}"},
        {"database_url": f"postgresql://p2m:sunshine1@{REMOTE}"},
        {"database_url": f"postgresql://p2m:x7Qz@{REMOTE}"},
        {"database_url": f"postgresql://p2m:%70assword@{REMOTE}"},
        {"database_url": "postgresql://p2m@/p2m?host=10.0.0.7&password=secret123"},
        {"database_url": "postgresql://p2m:aaaaaaaaaaaa@127.0.0.1,10.0.0.7/p2m?host=127.0.0.1,10.0.0.7"},
        {"anthropic_api_key": "sk-ant-your-key-here"},
        {"anthropic_api_key": "changeme"},
        {"anthropic_api_key": "sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxx"},
        {"anthropic_api_key": "<your Anthropic API key>"},
        {"secret_keys": "changeme"},
        {"secret_keys": f"{new_key()},AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    ],
    ids=lambda given: next(iter(given.values()))[-40:] if "secret_keys" not in given else f"keys {len(str(given))}",
)
def test_placeholder_is_refused_without_telling_it(given: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_secrets(_settings(**given))
    said = str(refused.value)
    for value in given.values():
        assert value not in said
    assert said.count(".") <= 2
    assert any(name in said for name in ("DATABASE_URL", "ANTHROPIC_API_KEY", "P2M_SECRET_KEYS"))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"database_url": f"postgresql://p2m:{'9f3c' * 3}e17ab04d@{REMOTE}"},
        {"database_url": f"postgresql://p2m@{REMOTE}"},
        {"database_url": "postgresql://postgres:postgres@localhost/p2m"},
        {"database_url": "postgresql://postgres:postgres@127.0.0.1:5432/p2m"},
        {"database_url": "postgresql+psycopg://postgres@/postgres?host=/tmp/p2m-pg"},
        {"anthropic_api_key": "sk-ant-api03-Zk3vQ9rT1uW7yB5nM8cX2dF6"},
        {"anthropic_api_key": "ollama", "anthropic_base_url": "http://127.0.0.1:11434"},
    ],
)
def test_real_secrets_and_local_databases_are_taken(given: dict[str, str]) -> None:
    check_secrets(_settings(**given))


def test_secrets_of_the_settings_are_known() -> None:
    key, other = new_key(), new_key()
    given = _settings(
        database_url=f"postgresql://p2m:Xq%2F7-long-one@{REMOTE}",
        secret_keys=f"{key}, {other}",
        anthropic_api_key="sk-ant-something",
    )
    assert {key, other, "Xq/7-long-one", "Xq%2F7-long-one", "sk-ant-something"} <= set(secrets_of(given))
    assert secrets_of(_settings(database_url="postgresql://postgres:postgres@localhost/x")) == ()


OF_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE")


def test_web_ui_gets_no_variable_that_holds_a_secret() -> None:
    for name in ("DATABASE_URL", "ANTHROPIC_API_KEY", "P2M_SECRET_KEYS", "PGPASSWORD", *OF_AWS):
        assert is_secret_variable(name)
    for name in ("P2M_PUBLIC_URL", "PATH", "P2M_DATA_DIR"):
        assert not is_secret_variable(name)


@pytest.mark.parametrize("module", ["cloud.api", "cloud.jobs", "cloud.stack"])
def test_no_process_starts_with_a_placeholder(module: str, tmp_path: Path) -> None:
    ours = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    environment = {**ours, "P2M_DATA_DIR": str(tmp_path), "DATABASE_URL": f"postgresql://p2m:changeme@{REMOTE}"}
    done = subprocess.run(
        [sys.executable, "-m", module], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "The password in DATABASE_URL is a placeholder" in done.stderr
    assert "Traceback" not in done.stderr
    assert "changeme" not in done.stderr


def test_setting_that_cannot_be_read_is_told_in_one_sentence(tmp_path: Path) -> None:
    ours = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "cloud.api"],
        env={**ours, "P2M_DATA_DIR": str(tmp_path), "ANTHROPIC_API_KEY": "sk-ant-\x01-planted"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The setting ANTHROPIC_API_KEY cannot be used: it holds characters that no key has.\n"
    assert mask_values("[masked]") == MASK
