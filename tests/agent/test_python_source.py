"""Many jobs read code at the same time, in threads of one process."""

import threading
import time

from cloud.agent.python_source import parse_source

_SOURCE = "\n".join(f"x{number} = [{number}, ({number} + 1) * 2, 'a']" for number in range(400))


class _Rest:
    """Found by the collector in the middle of a tree, it lets another thread go on."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


def test_threads_that_parse_at_once_do_not_disturb_each_other() -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(30):
                _Rest()
                assert len(parse_source(_SOURCE).body) == 400
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
