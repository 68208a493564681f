"""What the stand-in billed, call by call, as the wire told it to the client."""

from dataclasses import dataclass, field

from tests.support.messages_api.replies import TokenUse


@dataclass
class Bill:
    """One call that was answered, as far as it was. `whole`: up to its last event."""

    model: str
    use: TokenUse
    whole: bool = False


@dataclass
class Ledger:
    """All bills, in order."""

    bills: list[Bill] = field(default_factory=list)

    @property
    def total(self) -> TokenUse:
        """The sum of all bills."""
        uses = [bill.use for bill in self.bills]
        return TokenUse(
            sum(use.input_tokens for use in uses),
            sum(use.output_tokens for use in uses),
            sum(use.cache_read_tokens for use in uses),
            sum(use.cache_write_tokens for use in uses),
        )
