"""What an order is done with."""

from dataclasses import dataclass

from .. import messages as m
from ..address import Address
from ..calls import Calls
from ..desk import Desk, Standing
from ..lane import Lane
from ..transport import Config, Transport


@dataclass
class At:
    """The desk, the lane whose thread this is, and how things stood when the order was begun."""

    desk: Desk
    lane: Lane
    standing: Standing

    @property
    def address(self) -> Address:
        """The server; only in orders that need one."""
        assert self.standing.address is not None
        return self.standing.address

    @property
    def calls(self) -> Calls:
        """The API as the user who was signed in; connections are kept from order to order."""
        kept = self.lane.scratch.get("calls")
        if kept is not None and kept[0] == self.standing.number:
            return kept[1]
        if kept is not None:
            kept[1].transport.close()
        credential = self.standing.credential
        calls = self.calls_as(credential.token if credential else None)
        self.lane.scratch["calls"] = (self.standing.number, calls)
        return calls

    def calls_as(self, token: str | None) -> Calls:
        """The API with another token; whoever takes it closes its transport."""
        home = self.desk.home
        config = Config(self.address, home.client, home.agent, self.standing.proxy, token)
        return Calls(Transport(config, self.lane.line))

    def say(self, message: m.Message) -> None:
        """Tell the main thread, unless another user or server has come since."""
        self.desk.say(message, self.standing)
