"""Scripts of our components, by addresses that hold their content's hash."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ui.server import assets


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "viewer.js").write_text("export default 1")
    (tmp_path / "notes.md").write_text("not for browsers")
    monkeypatch.setattr(assets, "_FOLDERS", (tmp_path, tmp_path / "missing"))
    assets._files.cache_clear()
    assets._stamp.cache_clear()
    yield tmp_path
    assets._files.cache_clear()
    assets._stamp.cache_clear()


def test_script_is_kept_for_ever_by_its_hash(visitor: httpx2.Client) -> None:
    path = assets.asset_path("viewer.js")
    assert path is not None
    answer = visitor.get(f"/{path}")
    assert answer.text == "export default 1"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


def test_other_content_has_another_address(folder: Path) -> None:
    before = assets.asset_path("viewer.js")
    (folder / "viewer.js").write_text("export default 2")
    assets._stamp.cache_clear()
    assert assets.asset_path("viewer.js") != before


@pytest.mark.parametrize("name", ["notes.md", "missing.js", "..%2fapp.py", "%2e%2e/app.py"])
def test_nothing_else_is_served(visitor: httpx2.Client, name: str) -> None:
    stamp = (assets.asset_path("viewer.js") or "").split("/")[2]
    assert assets.asset_path(name) is None
    assert visitor.get(f"/p2m/assets/{stamp}/{name}").status_code == 404
    assert visitor.get("/p2m/assets/0000000000000000/viewer.js").status_code == 404
