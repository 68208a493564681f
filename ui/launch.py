"""The command line of the web UI, for whoever starts it (the supervisor, a container). Does not import Streamlit."""

import sys
from pathlib import Path

APP = Path(__file__).parent / "app.py"

OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "10",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    # The details of an error are for the log, not for the browser.
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "theme.base": "dark",
    "theme.primaryColor": "#c9601d",
    "theme.backgroundColor": "#17181b",
    "theme.secondaryBackgroundColor": "#212327",
    "theme.textColor": "#e9e7e3",
    "theme.borderColor": "#34373d",
    "theme.linkColor": "#f0a368",
    "theme.codeBackgroundColor": "#101114",
    "theme.baseRadius": "0.6rem",
    "theme.showWidgetBorder": "true",
}


def streamlit_command(port: int, *, address: str = "127.0.0.1", python: str = sys.executable) -> list[str]:
    """The command that serves the web UI on `port`. Its environment must hold `P2M_API_URL`."""
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]
    here = [f"--server.address={address}", f"--server.port={port}", f"--browser.serverAddress={address}"]
    return [python, "-m", "streamlit", "run", str(APP), *here, *options]
