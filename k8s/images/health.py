"""Whether the container's server answers, for the image's HEALTHCHECK: the exit code is 0 or 1.

`P2M_HEALTH_URL` says where; by default it is the API. Kubernetes does not use it: its probes ask by themselves.
"""

import os
import sys
import urllib.request

_LIMIT_S = 4


def main() -> int:
    """See the module."""
    address = os.environ.get("P2M_HEALTH_URL", "http://127.0.0.1:8000/healthz")
    try:
        with urllib.request.urlopen(address, timeout=_LIMIT_S) as answer:  # noqa: S310 - an address of our own
            return 0 if answer.status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
