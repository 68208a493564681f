"""`prompt2mesh migrate`, as a container starts it."""

import os
import subprocess
import sys

_COMMAND = [sys.executable, "-c", "from cloud.cli import main; main()", "migrate"]


def _migrate(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(
        [*_COMMAND, *options], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_who_waits_goes_on_where_the_schema_is_there(database_url: str) -> None:
    assert _migrate(database_url, "--wait-s=30").returncode == 0


def test_who_waited_in_vain_says_why_in_a_sentence_and_fails() -> None:
    done = _migrate("postgresql://nobody@127.0.0.1:9/nothing", "--wait-s=0.1")

    assert done.returncode != 0
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr
