"""The installed add-on on bad networks: none at the start, by proxies alone, and at servers of other ages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.core.hostile import answer, certificate, hostile_server, usual
from tests.addon.support.blender import Blender, blender_module
from tests.addon.support.journey import User
from tests.addon.support.wires import forward_proxy, wire

pytestmark = [pytest.mark.heavy, pytest.mark.blender]
VERSION = "4.5"
GOES = "add_on('panel.session').current()"


@pytest.fixture(scope="module")
def blender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blender]:
    with blender_module(VERSION, tmp_path_factory.mktemp("blender")) as running:
        User(running, "").install()
        yield running


def sign_out(user: User) -> None:
    user.press("sign_out")
    user.wait_for(connection="signed_out")


def test_without_leave_to_go_online_nothing_is_sent_and_the_sentence_says_where_to_give_it(tmp_path: Path) -> None:
    with (
        hostile_server(usual()) as server,
        blender_module(VERSION, tmp_path, online=False) as blender,
    ):
        user = User(blender, server.url)
        user.install()
        blender.wait(f"{GOES}.state.connection_words")
        assert "Preferences" in user.look()["words"]
        assert server.asked == []
        blender.run("bpy.context.preferences.system.use_online_access = True")
        user.wait_for(connection="signed_out", words="")
        user.sign_in_with_token()


def test_server_that_is_away_at_the_start_is_there_at_the_next_try(tmp_path: Path) -> None:
    with hostile_server(usual()) as server, wire(server.port) as line:
        url = f"http://127.0.0.1:{line.port}"
        with blender_module(VERSION, tmp_path) as blender:
            user = User(blender, url)
            user.install()
            user.sign_in_with_token()
        line.cut()
        with blender_module(VERSION, tmp_path) as blender:
            user = User(blender, url)
            user.install()  # the module keeps no preferences; the token was kept
            user.wait_for(connection="offline")
            line.mend()
            user.press("connect")
            user.wait_for(connection="signed_in", username="Ada")


def test_plain_proxy_carries_the_calls(blender: Blender) -> None:
    with hostile_server(usual()) as server:
        address = f"127.0.0.1:{server.port}"
        with forward_proxy({address: server.port}) as proxy:
            user = User(blender, server.url)
            user.prefer(server=server.url, proxy=f"http://127.0.0.1:{proxy.port}")
            user.sign_in_with_token()
            assert set(proxy.served) == {f"GET {address}"}
            sign_out(user)


def test_encrypted_calls_go_through_a_proxy_to_a_host_that_only_it_knows(tmp_path: Path) -> None:
    tls, trusted = certificate(tmp_path, name="p2m.test")
    with (
        hostile_server(usual(), tls) as server,
        forward_proxy({"p2m.test:443": server.port}) as proxy,
        blender_module(VERSION, tmp_path / "blender", REQUESTS_CA_BUNDLE=str(trusted)) as blender,
    ):
        user = User(blender, "https://p2m.test")
        user.install()
        user.prefer(proxy=f"http://127.0.0.1:{proxy.port}")
        user.sign_in_with_token()
        assert set(proxy.served) == {"CONNECT p2m.test:443"}


@pytest.mark.parametrize(
    ("told", "blocks", "words"),
    [
        ({"version": "0.0.1"}, True, "this add-on needs"),
        ({"version": "9.0.0", "add_on": {"oldest": "8.0.0", "newest": "9.0.0"}}, True, "the server needs 8.0.0"),
        ({"version": "0.9.0", "add_on": {"oldest": "0.1.0", "newest": "0.9.0"}}, False, "0.9.0 of the add-on"),
        (None, False, "older than the add-on"),
    ],
    ids=["server too old", "add-on too old", "update there", "server that tells no version"],
)
def test_versions_that_are_apart_are_told_and_block_only_where_they_must(
    blender: Blender, told: dict[str, object] | None, blocks: bool, words: str
) -> None:
    answers = usual()
    del answers["/v1/version"]
    if told is not None:
        answers["/v1/version"] = answer(told)
    with hostile_server(answers) as server:
        user = User(blender, server.url)
        user.prefer(server=server.url, proxy="")
        user.give_token()  # before it nothing leaves
        blender.wait(f"{words!r} in {GOES}.state.version_words")
        assert user.look()["version_blocks"] is blocks
        user.fill_in(prompt="a chair")
        if blocks:
            assert not blender.run("return bpy.ops.p2m.build.poll()")
        else:
            user.wait_for(connection="signed_in")
            assert blender.run("return bpy.ops.p2m.build.poll()")
            sign_out(user)
