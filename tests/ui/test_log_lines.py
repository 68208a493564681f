"""The web UI's log is one JSON object a line, with what was given in `extra=`."""

import json
import logging

from ui.log_lines import JsonLines


def test_a_line_has_the_event_its_fields_and_its_time() -> None:
    record = logging.makeLogRecord({"name": "ui.x", "levelno": 30, "levelname": "WARNING", "msg": "the API %s"})
    record.args, record.request_id = ("refused",), "abc"
    told = json.loads(JsonLines().format(record))
    assert {
        "event": "the API refused",
        "level": "warning",
        "logger": "ui.x",
        "request_id": "abc",
    }.items() <= told.items()
    assert told["timestamp"].endswith("Z")


def test_a_traceback_is_in_the_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        facts = {"exc_info": (type(error), error, error.__traceback__)}
    line = JsonLines().format(logging.makeLogRecord(facts))
    assert "\n" not in line
    assert "ValueError: two" in json.loads(line)["exception"]
