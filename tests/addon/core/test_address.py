"""Which servers and proxies the add-on talks to, and what it keeps of them."""

import json
import os
import stat
from pathlib import Path

import pytest

from addon.core import messages as m
from addon.core.address import Address, checked_page, checked_proxy
from addon.core.credentials import Credential, Credentials, CredentialsLost, checked_token
from addon.core.problems import BadAnswer, NotAllowed
from addon.core.transport import Config
from tests.addon.core.hostile import TOKEN, certificate, hostile_server, usual
from tests.addon.core.player import player_in
from tests.addon.support.wires import forward_proxy

OTHER = f"p2m_ses_{'b' * 49}"
SECURE = Address("https", "p2m.example.org", 443)
LOCAL = Address("http", "127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://P2M.example.org/", "https://p2m.example.org"),
        (" p2m.example.org:8443 ", "https://p2m.example.org:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://bücher.example:443", "https://bücher.example"),
    ],
)
def test_a_server_has_one_way_to_be_written(typed: str, origin: str) -> None:
    assert Address.of(typed).origin == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "http://p2m.example.org",
        "http://127.0.0.1.example.org",
        "ftp://p2m.example.org",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@p2m.example.org",
        "https://p2m.example.org/path",
        "https://p2m.example.org?x=1",
        "https://p2m.example.org:0",
        "https://p2m.example.org:99999",
        "https://p2m.example.org\\@evil.example.org",
        "https://a b.example.org",
        "https://" + "a" * 600,
    ],
)
def test_a_server_that_is_not_safe_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        Address.of(typed)
    assert "secret" not in refused.value.sentence
    assert refused.value.sentence.isprintable()


def test_a_token_in_clear_takes_no_proxy_elsewhere() -> None:
    assert checked_proxy("http://proxy.example.org:3128", LOCAL) is None
    assert checked_proxy("127.0.0.1:3128", LOCAL) == "http://127.0.0.1:3128"
    assert checked_proxy("proxy.example.org:3128", SECURE) == "http://proxy.example.org:3128"
    assert checked_proxy("", SECURE) is None
    with pytest.raises(NotAllowed, match="proxy"):
        checked_proxy("socks5://proxy.example.org:1080", SECURE)


@pytest.mark.parametrize(
    "page", ["javascript:alert(1)", "http://p2m.example.org/device", "https://a\nb", "", "/device"]
)
def test_a_page_that_should_not_be_opened_is_refused(page: str) -> None:
    with pytest.raises(BadAnswer):
        checked_page(page, SECURE)


def test_a_proxy_of_the_preferences_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addon.core.transport.RETRY_WAITS_S", ())
    with hostile_server(usual()) as server, forward_proxy({f"127.0.0.1:{server.port}": server.port}) as proxy:
        with player_in(tmp_path) as player:
            player.connect(server.url, proxy=f"http://127.0.0.1:{proxy.port}")
            player.submit(m.SignInWithToken(token=TOKEN))
            player.until(lambda state: state.signed_in)
        assert proxy.served
        with player_in(tmp_path) as player:
            state = player.connect(server.url, proxy="http://127.0.0.1:9")
            assert "The proxy does not answer" in state.connection_words


def test_an_encrypted_server_is_reached_through_a_proxy_that_knows_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, public = certificate(tmp_path, name="p2m.example.org")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))
    with hostile_server(usual(), tls) as server, forward_proxy({"p2m.example.org:443": server.port}) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with player_in(tmp_path) as player:
            assert player.sign_in("https://p2m.example.org", TOKEN).signed_in, player.state.connection_words
        assert set(proxy.served) == {"CONNECT p2m.example.org:443"}


def test_credentials_are_for_one_server_and_for_nobody_else(tmp_path: Path) -> None:
    kept = Credentials(tmp_path / "config")
    kept.keep(SECURE, Credential(TOKEN))
    kept.keep(LOCAL, Credential(OTHER, by_token=True))
    assert kept.find(SECURE) == Credential(TOKEN)
    assert kept.find(Address("https", "evil.example.org", 443)) is None
    path = tmp_path / "config" / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    kept.forget(SECURE, OTHER)
    assert kept.find(SECURE) is not None, "another token was forgotten"
    kept.forget(SECURE)
    assert kept.find(SECURE) is None
    assert kept.find(LOCAL) == Credential(OTHER, by_token=True)


@pytest.mark.parametrize("content", ["", "[]", '{"servers": 1}', "\x00", '{"servers": {"https://p2m.example.org": 1}}'])
def test_a_file_of_credentials_that_is_broken_is_as_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text(content)
    assert Credentials(tmp_path).find(SECURE) is None
    Credentials(tmp_path).keep(SECURE, Credential(TOKEN))
    assert json.loads((tmp_path / "credentials.json").read_text())["servers"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    with pytest.raises(CredentialsLost, match="check that Blender's user configuration folder"):
        Credentials(tmp_path / "config").keep(SECURE, Credential(TOKEN))


def test_secrets_show_in_no_repr() -> None:
    config = Config(SECURE, "addon/1", "a", proxy="http://user:secret@proxy:1", token=TOKEN)
    assert "secret" not in repr(config)
    assert TOKEN not in repr(config) + repr(Credential(TOKEN))
    with pytest.raises(NotAllowed) as refused:
        checked_token("hunter2")
    assert "hunter2" not in refused.value.sentence
    assert os.linesep not in checked_token(f" {TOKEN}\n")
