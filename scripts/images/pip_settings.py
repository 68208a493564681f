"""What pip is told on this machine, for an image's build: `python scripts/images/pip_settings.py FOLDER`.

Writes FOLDER/pip.conf and FOLDER/ca.crt (empty where the machine has no certificates of its own), and prints each
folder of this machine that pip.conf names. Python's own library only: it runs before anything is installed.
"""

import configparser
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

CA_IN_BUILD = "/run/secrets/ca.crt"
_FILES = ("/etc/xdg/pip/pip.conf", "/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
_KEPT = ("index-url", "extra-index-url", "find-links", "trusted-host", "proxy", "timeout", "retries")
_CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def settings_of_pip() -> dict[str, str]:
    """pip's own settings, later ones over earlier ones: its files, then its variables."""
    found: dict[str, str] = {}
    for name in (*_FILES, os.environ.get("PIP_CONFIG_FILE", "")):
        parser = configparser.RawConfigParser()
        parser.read(Path(name).expanduser() if name else ())
        for section in ("global", "install"):
            found |= dict(parser.items(section)) if parser.has_section(section) else {}
    for key in (*_KEPT, "cert"):
        found[key] = os.environ.get(f"PIP_{key.replace('-', '_').upper()}") or found.get(key, "")
    return {key: value for key, value in found.items() if value and key in (*_KEPT, "cert")}


def folders_in(settings: dict[str, str]) -> list[str]:
    """The folders of this machine that `settings` name as indexes or as places of packages."""
    words = " ".join(settings.get(key, "") for key in ("index-url", "extra-index-url", "find-links")).split()
    paths = [urlsplit(word).path if word.startswith("file://") else word for word in words]
    tops = {re.sub(r"/simple/?$", "", path) for path in paths if path.startswith("/")}
    return sorted(path for path in tops if Path(path).is_dir())


def main(target: Path) -> None:
    """See the module."""
    settings = settings_of_pip()
    given = [settings.pop("cert", ""), *(os.environ.get(name, "") for name in _CA_VARIABLES)]
    certificates = next((Path(path) for path in given if path and Path(path).is_file()), None)
    if certificates is not None:
        settings["cert"] = CA_IN_BUILD
    lines = [f"{key} = {' '.join(value.split())}" for key, value in sorted(settings.items())]
    (target / "pip.conf").write_text("\n".join(["[global]", *lines, ""]))
    (target / "ca.crt").write_bytes(certificates.read_bytes() if certificates else b"")
    print("\n".join(folders_in(settings)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
