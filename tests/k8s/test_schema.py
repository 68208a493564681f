"""Every object of every overlay has the shape that the API server takes, in each Kubernetes that is current.

Kubernetes' own kinds against its published schemas, strictly: no unknown field at any depth. The operators' kinds are
not in them; theirs are checked against crd_schemas.yaml, which is ours.
"""

import re
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.k8s.manifests import Manifests, Object

_VERSIONS = ("1.35", "1.36", "1.37")
_CRD_SCHEMAS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "crd_schemas.yaml").read_text())
_OF_KUBERNETES = re.compile(r"v1|[a-z]+/v\d\w*|[a-z.]+\.k8s\.io/v\d\w*")


def _is_custom(each: Object) -> bool:
    return not _OF_KUBERNETES.fullmatch(each["apiVersion"])


def _name_of(each: Object) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


@pytest.mark.parametrize("version", _VERSIONS)
def test_the_api_server_would_take_every_object(overlay: Manifests, version: str) -> None:
    faults = []
    for each in overlay.objects:
        if _is_custom(each):
            continue
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            faults.append(f"{_name_of(each)}: {error.message} at {list(error.path)}")

    assert faults == []


def test_an_operators_objects_have_the_fields_that_it_knows(overlay: Manifests) -> None:
    for each in filter(_is_custom, overlay.objects):
        key = f"{each['apiVersion']}/{each['kind']}"
        assert key in _CRD_SCHEMAS, f"crd_schemas.yaml has no schema of {key}"
        assert set(each) == {"apiVersion", "kind", "metadata", "spec"}
        jsonschema.validate(each["spec"], _CRD_SCHEMAS[key], cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("version", _VERSIONS)
def test_a_misspelt_field_would_not_pass(local: Manifests, version: str) -> None:
    """The check itself is strict, at depth."""
    deployment = yaml.safe_load(yaml.safe_dump(local.one("Deployment", "api")))
    deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, version, strict=True)


def test_nothing_stands_twice(overlay: Manifests) -> None:
    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in overlay.objects]

    assert len(names) == len(set(names))


def test_namespaces_come_before_what_lives_in_them(overlay: Manifests) -> None:
    """`kubectl apply -f -` takes the objects in their order."""
    kinds = [each["kind"] for each in overlay.objects]

    assert set(kinds[: kinds.count("Namespace")]) == {"Namespace"}
