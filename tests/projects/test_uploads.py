"""3D files as they come: names, and beginnings that are not what the name says."""

import pytest

from cloud.errors import InvalidInput
from cloud.projects.uploads import MEDIA_TYPES, check_beginning, checked_upload_name, pod_name_of

SOUND: dict[str, bytes] = {
    "blend": b"BLENDER-v405",
    "glb": b"glTF\2\0\0\0",
    "gltf": b' \n{"asset": {}}',
    "fbx": b"Kaydara FBX Binary  \0",
    "obj": b"# words\nv 0 0 0\n",
    "stl": b"solid x\n",
    "ply": b"ply\nformat ascii 1.0\n",
    "usd": b"PXR-USDC",
    "usda": b"#usda 1.0",
    "usdc": b"PXR-USDC",
    "usdz": b"PK\x03\x04\x0a\0\0\0",
}


@pytest.mark.parametrize("extension", MEDIA_TYPES)
def test_a_sound_beginning_is_taken(extension: str) -> None:
    check_beginning(f"tower.{extension}", SOUND[extension] + bytes(8 if extension not in ("obj", "gltf") else 0))


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("a.glb", b"", "the body is empty"),
        ("a.glb", b"PK\x03\x04", "ZIP archive"),
        ("a.glb", b"BLENDER-v405", "it is a .blend"),
        ("a.blend", b"glTF", "it is a .glb"),
        ("a.blend", b"nonsense", "does not begin like one"),
        ("a.fbx", b"nonsense", "does not begin like one"),
        ("a.obj", b"\x89PNG\r\n", "PNG picture"),
        ("a.obj", b"v 0\0", "which is text"),
        ("a.gltf", b"nonsense", "send a .glb instead"),
        ("a.glb", b"<!DOCTYPE html>", "web page"),
        ("a.blend", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ("a.usdz", b"PK\x03\x04\x0a\0\x01\0", "password"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_with_a_sentence(name: str, head: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_beginning(name, head)
    assert said.lower() in str(refused.value).lower()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "has no name"),
        ("tower", "no format"),
        (".glb", ""),
        ("tower.zip", "unpack it"),
        ("tower.max", "export it from there as .glb"),
        ("tower.step", "CAD file"),
        ("tower.png", "reference image"),
        ("tower.blend1", "rename it"),
        ("tower.exe", "there are: .blend"),
    ],
)
def test_a_format_that_is_not_taken_is_told_with_what_to_do(given: str, said: str) -> None:
    if not said:
        assert checked_upload_name(given) == "upload.glb"
        return
    with pytest.raises(InvalidInput) as refused:
        checked_upload_name(given)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("given", "name", "in_pod"),
    [
        ("Türm of doom.GLB", "Türm of doom.glb", "Turm-of-doom.glb"),
        ("../../etc/x.blend", "x.blend", "x.blend"),
        ("C:\\x\\y.obj", "y.obj", "y.obj"),
        ("塔.stl", "塔.stl", "upload.stl"),
        ("<b>\u202ea\nb.ply", "b a b.ply", "b-a-b.ply"),
        ("-.fbx", "-.fbx", "upload.fbx"),
        ("a" * 300 + ".usdz", "a" * 95 + ".usdz", "a" * 60 + ".usdz"),
    ],
)
def test_names_are_plain_and_never_paths(given: str, name: str, in_pod: str) -> None:
    assert checked_upload_name(given) == name
    assert pod_name_of(name) == in_pod
