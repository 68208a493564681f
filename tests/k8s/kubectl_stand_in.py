"""A kubectl for tests of our scripts: keeps secrets in a file, writes down what it is asked, builds with the real one.

`STAND_IN_FOLDER` holds `calls.jsonl`, `secrets.json`, and `fails` with a word that makes any call which has it fail.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ["STAND_IN_FOLDER"])


def main() -> int:
    """Returns: the exit code, as kubectl's."""
    arguments = sys.argv[1:]
    text = sys.stdin.read() if arguments[-2:] == ["-f", "-"] else ""
    with (FOLDER / "calls.jsonl").open("a") as file:
        file.write(json.dumps({"arguments": arguments, "text": text}) + "\n")
    fails = FOLDER / "fails"
    if fails.is_file() and fails.read_text() in " ".join(arguments) + text:
        sys.stderr.write("Error from server: no\n")
        return 1
    if arguments[0] == "kustomize":
        return subprocess.run([os.environ["REAL_KUBECTL"], *arguments], check=False).returncode
    command = arguments[2:] if arguments[0] == "--context" else arguments
    return _secret(command, text) if "secret" in command or command[0] == "create" else 0


def _secret(command: list[str], text: str) -> int:
    file = FOLDER / "secrets.json"
    kept = json.loads(file.read_text()) if file.is_file() else {}
    if command[0] == "create":
        made = json.loads(text)
        key = f"{made['metadata']['namespace']}/{made['metadata']['name']}"
        if key in kept:
            sys.stderr.write(f'Error from server (AlreadyExists): secrets "{key}" already exists\n')
            return 1
        file.write_text(json.dumps({**kept, key: made["data"]}))
        return 0
    found = kept.get(f"{command[command.index('-n') + 1]}/{command[2]}")
    output = command[command.index("-o") + 1]
    path = re.fullmatch(r"jsonpath=\{\.data\.(\w+)\}", output)
    if found is not None:
        sys.stdout.write(found[path[1]] if path else f"secret/{command[2]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
