"""From what goes wrong in a command to one sentence and an exit code."""

from collections.abc import Callable

from cloud.cli.display import Display
from cloud.cli.interrupts import Interrupted, interruptible
from cloud.errors import InvalidInput, Prompt2MeshError
from cloud.redaction import mask
from cloud.settings import Settings
from ui.api_errors import ApiError, ClientError

EXIT_FAILED, EXIT_BAD_INPUT = 1, 2


def guarded(display: Display, settings: Settings, body: Callable[[], int]) -> int:
    """Run `body` inside the display. Returns: its exit code, or that of what went wrong, which the display tells."""
    try:
        with interruptible(), display:
            return body()
    except Interrupted as stop:
        return 128 + stop.number
    except (Prompt2MeshError, ClientError) as error:
        display.problem(getattr(error, "code", "unreachable"), mask(str(error)))
        is_input = isinstance(error, InvalidInput) or (isinstance(error, ApiError) and 400 <= error.status < 500)
        return EXIT_BAD_INPUT if is_input else EXIT_FAILED
    except OSError as error:
        display.problem("os_error", f"{error.strerror or error}: {error.filename or settings.data_dir}.")
        return EXIT_FAILED
