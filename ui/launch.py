"""The command line of the web UI, for whoever starts it (the supervisor, a container). Does not import Streamlit."""

import sys
from pathlib import Path

APP = Path(__file__).parent / "app.py"

OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "200",
    # Files go by addresses: what a page and its server tell each other is small. Strangers may open a page, too.
    "server.maxMessageSize": "50",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    # The details of an error are for the log, not for the browser.
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "runner.magicEnabled": "false",  # it parses pages, which two threads cannot do at once before Python 3.11.8
    "theme.baseRadius": "0.6rem",
    "theme.showWidgetBorder": "true",
    # The browser's own preference decides between these two; the menu in the corner overrules it. Captions are drawn
    # at 60 % of the text's colour: with this one they still have the contrast that they need.
    "theme.dark.primaryColor": "#bc5a1b",
    "theme.dark.backgroundColor": "#17181b",
    "theme.dark.secondaryBackgroundColor": "#212327",
    "theme.dark.textColor": "#e9e7e3",
    "theme.dark.borderColor": "#34373d",
    "theme.dark.linkColor": "#f0a368",
    "theme.dark.codeBackgroundColor": "#101114",
    "theme.light.primaryColor": "#b04e10",
    "theme.light.backgroundColor": "#fbfaf8",
    "theme.light.secondaryBackgroundColor": "#f0eeea",
    "theme.light.textColor": "#121316",
    "theme.light.borderColor": "#d5d1ca",
    "theme.light.linkColor": "#9a430c",
    "theme.light.codeBackgroundColor": "#f3f1ed",
}


def streamlit_command(port: int, *, address: str = "127.0.0.1", python: str = sys.executable) -> list[str]:
    """The command that serves the web UI on `port`. Its environment must hold `P2M_API_URL`."""
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]
    here = [f"--server.address={address}", f"--server.port={port}", f"--browser.serverAddress={address}"]
    return [python, "-m", "streamlit", "run", str(APP), *here, *options]
