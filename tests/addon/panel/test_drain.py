"""Messages come out of the inbox in order, within the budget."""

from queue import SimpleQueue

from addon.panel.drain import drain


class Clock:
    """Each look at it is `step_s` later."""

    def __init__(self, step_s: float) -> None:
        self.now_s = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def _filled(count: int) -> "SimpleQueue[int]":
    inbox: SimpleQueue[int] = SimpleQueue()
    for number in range(count):
        inbox.put(number)
    return inbox


def test_all_messages_are_applied_in_order_where_there_is_time() -> None:
    seen: list[int] = []
    drained = drain(_filled(5), seen.append, clock=Clock(0.0001))
    assert seen == [0, 1, 2, 3, 4]
    assert drained.applied == 5
    assert not drained.is_left


def test_a_flood_of_messages_takes_no_more_than_the_budget() -> None:
    seen: list[int] = []
    inbox = _filled(1000)
    drained = drain(inbox, seen.append, budget_s=0.004, clock=Clock(0.001))
    assert drained.is_left
    assert drained.seconds <= 0.005
    assert seen == [0, 1, 2, 3]
    drain(inbox, seen.append, budget_s=0.004, clock=Clock(0.001))
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7]


def test_one_slow_message_a_tick_still_gets_through() -> None:
    seen: list[int] = []
    inbox = _filled(2)
    assert drain(inbox, seen.append, budget_s=0.004, clock=Clock(1.0)).is_left
    assert not drain(inbox, seen.append, budget_s=0.004, clock=Clock(1.0)).is_left
    assert seen == [0, 1]
