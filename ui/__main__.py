"""The web UI as a process of its own: `P2M_API_URL=… python -m ui [--host H] [--port P]`. It becomes Streamlit."""

import argparse
import os
import sys

from ui.launch import streamlit_command


def main() -> None:
    """See the module. Does not return: signals reach Streamlit itself."""
    parser = argparse.ArgumentParser(prog="python -m ui", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    chosen = parser.parse_args()
    if not os.environ.get("P2M_API_URL"):
        sys.exit("P2M_API_URL is not set: the web UI needs the address of an API.")
    command = streamlit_command(chosen.port, address=chosen.host)
    os.execv(command[0], command)  # noqa: S606 - a list, and no shell


if __name__ == "__main__":
    main()
