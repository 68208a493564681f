"""What the tests of the add-on's core share: a user, a server that answers as it is told, and the two together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.core.hostile import TOKEN, Hostile, hostile_server, usual
from tests.addon.core.player import Player, player_in
from tests.api.conftest import png

__all__ = ["png"]


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    with player_in(tmp_path / "addon") as somebody:
        yield somebody
    left = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(tmp_path / "addon")]
    assert left in ([], [tmp_path / "server.key", tmp_path / "server.pem"]), "something was written elsewhere"


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile_server(usual()) as running:
        yield running


@pytest.fixture
def signed_in(player: Player, server: Hostile) -> Player:
    assert player.sign_in(server.url, TOKEN).signed_in, player.state.connection_words
    player.until(lambda state: not state.working)
    return player
