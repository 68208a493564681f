"""The file with the command line's sessions."""

import stat
from pathlib import Path

import pytest

from cloud.cli import credentials
from cloud.cli.credentials import Credential
from cloud.errors import InvalidInput


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "prompt2mesh" / "servers.json"


@pytest.mark.parametrize(
    ("typed", "one"),
    [
        ("https://Mesh.Example.org/", "https://mesh.example.org"),
        ("HTTPS://mesh.example.org:443", "https://mesh.example.org"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://example.org/mesh/", "https://example.org/mesh"),
    ],
)
def test_a_server_has_one_entry_however_it_is_typed(typed: str, one: str) -> None:
    credentials.keep(typed, Credential("ada", "p2m_ses_1"))

    assert credentials.canonical(typed) == one
    assert credentials.find(one) == Credential("ada", "p2m_ses_1")


def test_a_token_goes_to_its_own_server_alone() -> None:
    credentials.keep("https://mesh.example.org", Credential("ada", "p2m_ses_1"))

    for other in ("http://mesh.example.org", "https://mesh.example.org:8443", "https://mesh.example.org.evil.net"):
        assert credentials.find(other) is None


def test_nobody_else_can_read_it_whatever_it_was_before(kept: Path) -> None:
    credentials.keep("https://a.example", Credential("ada", "p2m_ses_1"))
    kept.chmod(0o644)
    credentials.keep("https://b.example", Credential("bob", "p2m_ses_2"))

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [each.name for each in kept.parent.iterdir()] == ["servers.json"]
    credentials.forget("https://a.example")
    assert credentials.find("https://b.example") == Credential("bob", "p2m_ses_2")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"servers": 1}', b'{"servers": {"x": {}}}', b"\xff"])
def test_a_file_that_is_broken_is_told(kept: Path, content: bytes) -> None:
    kept.parent.mkdir()
    kept.write_bytes(content)

    with pytest.raises(InvalidInput, match="cannot be read"):
        credentials.find("https://a.example")


def test_the_repr_holds_no_token() -> None:
    assert "p2m" not in repr(Credential("ada", "p2m_ses_1"))
