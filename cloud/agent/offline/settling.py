"""The last pass over a request: defaults for what was left open, and the words that nothing came of."""

from cloud.agent.offline.orders import Command, Existing, Group, Relation, Request
from cloud.agent.offline.reading import Reading

LEAD_WORDS = ("a ", "an ", "the ", "some ")


def settle(state: Reading) -> Request:
    """The finished request."""
    request = state.request
    for group in [order for order in request.orders if isinstance(order, Group) and order.owner]:
        if not request.relations_of(group) and group.at is None and group.owner in request.orders:
            request.orders.append(Relation("with", [group], [group.owner]))
    request.orders = [order for order in request.orders if not (isinstance(order, Existing) and _says_nothing(order))]
    request.not_built = _phrases(state)
    return request


def acts(request: Request) -> bool:
    """Whether there is anything to do."""
    return any(not isinstance(order, Existing) or not _says_nothing(order) for order in request.orders)


def _says_nothing(target: Existing) -> bool:
    described = target.traits.say_anything() or any(traits.say_anything() for traits in target.parts.values())
    return not (described or target.shift or target.at or target.name or target.arrangement or target.on_ground)


def _phrases(state: Reading) -> list[str]:
    """The spans that nothing came of, neighbours joined, in the user's own words and order."""
    joined: list[list[int]] = []
    for start, end in sorted(state.unknown_spans):
        between = state.prompt[joined[-1][1] : start] if joined else ""
        if joined and (start <= joined[-1][1] or not between.strip(" -\t")):
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    phrases = []
    for start, end in joined:
        text = " ".join(state.prompt[start:end].split())
        for lead in LEAD_WORDS:
            text = text[len(lead) :] if text.lower().startswith(lead) else text
        if text and text not in phrases:
            phrases.append(text)
    return phrases


__all__ = ["Command", "acts", "settle"]
