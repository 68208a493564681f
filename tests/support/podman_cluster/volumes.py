"""What a container is given of its pod's surroundings: variables, arguments, volumes."""

import base64
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Read = Callable[[str, str], dict[str, Any]]
"""Kind (`configmaps`, `secrets`) and name to the object."""


def variables_of(container: Mapping[str, Any], pod: Mapping[str, Any], read: Read) -> dict[str, str]:
    """The container's environment. Raises: KeyError: a secret or a config map lacks what is asked for."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        if reference := source.get("configMapRef"):
            found |= read("configmaps", reference["name"]).get("data", {})
        if reference := source.get("secretRef"):
            found |= _decoded(read("secrets", reference["name"]))
    for entry in container.get("env", ()):
        value = _value_of(entry, pod, read)
        if value is not None:
            found[entry["name"]] = value
    return found


def _value_of(entry: Mapping[str, Any], pod: Mapping[str, Any], read: Read) -> str | None:
    if "value" in entry:
        return str(entry["value"])
    source = entry.get("valueFrom", {})
    if field := source.get("fieldRef"):
        return {"metadata.name": pod["metadata"]["name"], "metadata.namespace": pod["metadata"]["namespace"]}[
            field["fieldPath"]
        ]
    if key := source.get("secretKeyRef"):
        data = _decoded(read("secrets", key["name"]))
        return data.get(key["key"]) if key.get("optional") else data[key["key"]]
    if key := source.get("configMapKeyRef"):
        data = read("configmaps", key["name"]).get("data", {})
        return data.get(key["key"]) if key.get("optional") else data[key["key"]]
    return ""


def command_of(container: Mapping[str, Any], variables: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The entry point and its arguments, with `$(NAME)` filled in; empty: the image's own."""

    def filled(word: str) -> str:
        return re.sub(r"\$\((\w+)\)", lambda found: variables.get(found[1], found[0]), str(word))

    return [filled(word) for word in container.get("command", ())], [filled(word) for word in container.get("args", ())]


def mounts_of(
    container: Mapping[str, Any], pod: Mapping[str, Any], folder: Path, claims: Path, read: Read
) -> list[str]:
    """podman's options for the container's volumes. `folder` is the pod's own, `claims` holds what outlives pods."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
    group = pod["spec"].get("securityContext", {}).get("fsGroup", 0)
    options = []
    for mount in container.get("volumeMounts", ()):
        if mount["mountPath"].startswith("/var/run/secrets/kubernetes.io"):
            continue  # the kubelet's own: see `identity`
        place = _place_of(volumes[mount["name"]], folder, claims, group, read)
        options.append(f"--volume={place}:{mount['mountPath']}:{'ro' if mount.get('readOnly') else 'rw'}")
    return options


def _place_of(volume: Mapping[str, Any], folder: Path, claims: Path, group: int, read: Read) -> Path:
    if claim := volume.get("persistentVolumeClaim"):
        return _writable(claims / claim["claimName"], group)
    place = folder / "volumes" / volume["name"]
    if source := volume.get("secret"):
        data = _decoded(read("secrets", source["secretName"]))
    elif source := volume.get("configMap"):
        data = read("configmaps", source["name"]).get("data", {})
    else:
        return _writable(place, group)
    place.mkdir(parents=True, exist_ok=True)
    items = source.get("items") or [{"key": key, "path": key} for key in data]
    for item in items:
        (place / item["path"]).write_text(data[item["key"]])
        (place / item["path"]).chmod(source.get("defaultMode", 0o444))
    return place


def identity(folder: Path, token: str, namespace: str, authority: str) -> str:
    """The option that mounts the service account's token where every client of Kubernetes looks for it."""
    place = folder / "identity"
    place.mkdir(parents=True, exist_ok=True)
    for name, text in (("token", token), ("namespace", namespace), ("ca.crt", authority)):
        (place / name).write_text(text)
        (place / name).chmod(0o444)
    return f"--volume={place}:/var/run/secrets/kubernetes.io/serviceaccount:ro"


def _writable(place: Path, group: int) -> Path:
    if not place.exists():
        place.mkdir(parents=True)
        os.chown(place, 0, group)
        place.chmod(0o2775)
    return place


def _decoded(secret: Mapping[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}
