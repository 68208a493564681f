"""`python -m cloud.stack`: the supervisor as a process of its own, alive while a client holds the lease."""

import logging
import sys

from cloud.errors import Prompt2MeshError
from cloud.logs import configure_logging
from cloud.stack.lease import StackRunning
from cloud.stack.supervisor import Supervisor
from cloud.start import begin_process, settings_at_start

EXIT_ALREADY_RUNNING = 75


def main() -> int:
    configure_logging()
    log = logging.getLogger("cloud.stack")
    try:
        settings = settings_at_start()
        begin_process(settings)
        Supervisor(settings, leased=True).run()
    except StackRunning:
        return EXIT_ALREADY_RUNNING
    except (Prompt2MeshError, OSError) as error:
        log.error(
            "the stack did not start or could not go on: %s", error, exc_info=not isinstance(error, Prompt2MeshError)
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
