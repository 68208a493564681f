"""Bad input gets one clear sentence and the right exit code, and the stack keeps working."""

import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.blender

EXIT_FAILED, EXIT_BAD_INPUT = 1, 2


@pytest.fixture(scope="module")
def kept_stack(command_line: CommandLine) -> Iterator[CommandLine]:
    """A stack that stays up, so that each case shows that it still works."""
    done = command_line.run("make", "a cube", "--out", "first", "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    yield command_line
    assert "has stopped" in command_line.run("down").stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        pytest.param(["make", "   "], EXIT_BAD_INPUT, "The prompt is empty", id="empty"),
        pytest.param(["make", "x" * 100_000], EXIT_BAD_INPUT, "100,000 characters", id="too long"),
        pytest.param(["make", "a cube\x07"], EXIT_BAD_INPUT, "U+0007", id="control character"),
        pytest.param(["make", "🦄🦄"], EXIT_FAILED, "🦄", id="emoji"),
        pytest.param(["make", "Дракон и крепость"], EXIT_FAILED, "Дракон", id="another script"),
        pytest.param(["make", "import os; os._exit(3)"], EXIT_FAILED, "Claude key", id="code"),
        pytest.param(["make", "a cube", "--image", "/etc/hostname"], EXIT_BAD_INPUT, "image", id="no image"),
        pytest.param(["make", "a cube", "--image", "missing.png"], EXIT_BAD_INPUT, "cannot be read", id="no file"),
        pytest.param(["make", "a cube", "--format", "docx"], EXIT_BAD_INPUT, "docx", id="format"),
        pytest.param(["make", "a cube", "--out", "/proc/nowhere"], EXIT_BAD_INPUT, "--out", id="unwritable"),
        pytest.param(["make", "a cube", "--token", "p2m_wrong"], EXIT_BAD_INPUT, "token", id="wrong token"),
        pytest.param(["make", "a cube", "--model", "claude-x"], EXIT_BAD_INPUT, "ANTHROPIC_API_KEY", id="no key"),
        pytest.param(
            ["make", "a cube", "--server", "http://127.0.0.1:9"], EXIT_BAD_INPUT, "--token", id="server alone"
        ),
        pytest.param(
            ["make", "a cube", "--server", "http://127.0.0.1:9", "--token", "p2m_x"],
            *(EXIT_FAILED, "127.0.0.1:9"),
            id="no server",
        ),
    ],
)
def test_bad_input_gets_one_sentence(kept_stack: CommandLine, arguments: list[str], exit_code: int, told: str) -> None:
    done = kept_stack.run(*arguments)
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not [folder for folder in (kept_stack.cwd / "out").glob("*") if not list(folder.iterdir())]


def test_after_all_that_the_stack_still_builds(kept_stack: CommandLine) -> None:
    done = kept_stack.run("make", "a cube", "--out", "last")
    assert done.returncode == 0, done.stdout + done.stderr


def test_commands_that_have_ended_leave_no_session(kept_stack: CommandLine) -> None:
    listed = json.loads(kept_stack.run("sessions", "--json").stdout)
    assert [each["is_current"] for each in listed] == [True]


def test_a_second_up_says_that_one_is_running(kept_stack: CommandLine) -> None:
    done = kept_stack.run("up")
    assert done.returncode == EXIT_BAD_INPUT
    assert "prompt2mesh down" in done.stderr
