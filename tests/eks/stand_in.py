"""A program that stands in for aws, kubectl, docker, helm, terraform and curl: it records, and answers as they would.

It lies under each of their names. What it knows lies in the folder `P2M_STAND_IN`: `calls.jsonl` (each call with its
standard input), `world.json` (the registry's tags, the cluster's objects, the secret) and `faults.json` (calls that
fail: `{"when": words of the command line, "exit": code, "says": text, "times": how often}`).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["P2M_STAND_IN"])
WORLD = FOLDER / "world.json"


def main() -> int:
    """Returns: the exit code."""
    program, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    line = " ".join([program, *arguments])
    if program == "kubectl" and "kustomize" in arguments:
        return _kustomize(arguments)
    takes_input = arguments[-2:] == ["-f", "-"] or "--password-stdin" in arguments
    given = sys.stdin.read() if takes_input else ""
    with (FOLDER / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"argv": [program, *arguments], "line": line, "given": given}) + "\n")
    if fault := _fault_of(line):
        sys.stderr.write(fault["says"] + "\n")
        return fault["exit"]
    world = json.loads(WORLD.read_text())
    answer = _ANSWERS.get(program, lambda *_: "")(world, arguments, given)
    WORLD.write_text(json.dumps(world))
    if isinstance(answer, int):
        return answer
    sys.stdout.write(answer)
    return 0


def _kustomize(arguments: list[str]) -> int:
    """What the real kubectl makes of the files; of the same settings once in a test run, for it takes a second."""
    settings = (Path(arguments[-1]) / "settings.env").read_text()
    kept = Path(os.environ["P2M_STAND_IN_CACHE"]) / f"{zlib.crc32(settings.encode()):08x}.yaml"
    if not kept.is_file():
        path = os.pathsep.join(os.environ["PATH"].split(os.pathsep)[1:])
        real = shutil.which("kubectl", path=path)
        if real is None:
            sys.stderr.write("These tests render manifests with kubectl: install it (a package of Kubernetes).\n")
            return 1
        made = subprocess.run([real, *arguments], check=False, stdout=subprocess.PIPE, text=True)
        if made.returncode:
            return made.returncode
        kept.write_text(made.stdout)
    sys.stdout.write(kept.read_text())
    return 0


def _fault_of(line: str) -> dict[str, Any] | None:
    file = FOLDER / "faults.json"
    faults = json.loads(file.read_text()) if file.is_file() else []
    for fault in faults:
        if fault["times"] > 0 and all(word in line for word in fault["when"].split(" … ")):
            fault["times"] -= 1
            file.write_text(json.dumps(faults))
            return fault
    return None


def _aws(world: dict[str, Any], arguments: list[str], _: str) -> str | int:
    match arguments[:2]:
        case ["sts", "get-caller-identity"]:
            return world["account"]
        case ["ecr", "get-login-password"]:
            return "a-password"
        case ["ecr", "describe-images"]:
            name, tag = _after(arguments, "--repository-name"), _after(arguments, "--image-ids").partition("=")[2]
            found = f"{name}:{tag}" in world["pushed"]
            return "sha256:0123" if found else _refuse("An error occurred (ImageNotFoundException)")
        case ["eks", "describe-cluster"]:
            return "ACTIVE\n" if world["cluster"] else _refuse("An error occurred (ResourceNotFoundException)")
        case ["secretsmanager", _]:
            return _secrets_manager(world, arguments)
        case ["s3api", _]:
            return _s3api(world, arguments)
    return ""


def _secrets_manager(world: dict[str, Any], arguments: list[str]) -> str | int:
    if arguments[1] == "put-secret-value":
        world["secret"] = Path(_after(arguments, "--secret-string").removeprefix("file://")).read_text()
        return ""
    nothing_yet = "(ResourceNotFoundException) can't find the specified secret value for staging label: AWSCURRENT"
    return world["secret"] if world["secret"] is not None else _refuse(nothing_yet)


def _s3api(world: dict[str, Any], arguments: list[str]) -> str | int:
    bucket = _after(arguments, "--bucket")
    if arguments[1] == "head-bucket" and bucket not in world["buckets"]:
        return _refuse("An error occurred (404) when calling the HeadBucket operation: Not Found")
    if arguments[1] == "create-bucket":
        world["buckets"].append(bucket)
    return ""


def _refuse(says: str) -> int:
    sys.stderr.write(says + "\n")
    return 254


def _docker(world: dict[str, Any], arguments: list[str], _: str) -> str | int:
    if arguments[0] == "push":
        world["pushed"].append(arguments[1].rpartition("/")[2])
    if arguments[:2] == ["image", "inspect"] and arguments[2].rpartition("/")[2] not in world["built"]:
        sys.stderr.write("Error: No such image" + "\n")
        return 1
    return ""


def _kubectl(world: dict[str, Any], arguments: list[str], given: str) -> str | int:
    line = " ".join(arguments[2:])  # without --context NAME
    objects: dict[str, Any] = world["objects"]
    if line.startswith("apply"):
        for document in re.split(r"^---\s*$", given, flags=re.MULTILINE):
            if document.strip():
                _store(objects, document)
    if line.startswith("get configmaps"):
        return json.dumps({"items": [one for key, one in objects.items() if key.startswith("ConfigMap/release-")]})
    if line.startswith("get deployment api"):
        found = re.search(r"image: (\S+/prompt2mesh-api:\S+)", objects.get("Deployment/api", ""))
        return found[1] if found else ""
    if found := re.match(r"get job (\S+)", line):
        if f"Job/{found[1]}" not in objects:
            return ""
        states = world["job_states"]  # each look takes the next; the last one stays
        return states.pop(0) if len(states) > 1 else states[0]
    if found := re.match(r"delete (\w+) (\S+)", line):
        objects.pop(f"{found[1].title().replace('Configmap', 'ConfigMap')}/{found[2]}", None)
    if line.startswith("exec"):
        return world["schema"] + "\n"
    return "ok\n"


def _store(objects: dict[str, Any], document: str) -> None:
    if document.lstrip().startswith("{"):
        one = json.loads(document)
        objects[f"{one['kind']}/{one['metadata']['name']}"] = one
        return
    kind = re.search(r"^kind: (\S+)", document, flags=re.MULTILINE)
    metadata = re.search(r"^metadata:\n((?: .*\n)+)", document, flags=re.MULTILINE)
    name = re.search(r"^ {2}name: (\S+)", metadata[1] if metadata else "", flags=re.MULTILINE)
    objects[f"{kind[1] if kind else '?'}/{name[1] if name else '?'}"] = document


def _terraform(world: dict[str, Any], arguments: list[str], _: str) -> str:
    if "output" in arguments:
        return json.dumps(world["outputs"])
    if "destroy" in arguments:
        world["cluster"] = False
    return ""


def _after(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


_ANSWERS = {"aws": _aws, "docker": _docker, "kubectl": _kubectl, "terraform": _terraform}

if __name__ == "__main__":
    sys.exit(main())
