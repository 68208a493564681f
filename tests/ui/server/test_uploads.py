"""Files for Streamlit's own upload address come from people who are signed in, and from nobody else."""

import httpx2
import pytest

from tests.ui.server.conftest import TellingApi, serving, ui_server
from ui.server.backend import Backend

ADDRESS = "/_stcore/upload_file/session/file"


@pytest.mark.parametrize("cookie", ["", "p2m_web=p2m_ses_made_up"], ids=["none", "made up"])
def test_stranger_fills_no_memory(visitor: httpx2.Client, cookie: str) -> None:
    answer = visitor.put(ADDRESS, content=b"x" * 1000, headers={"Cookie": cookie} if cookie else {})
    assert answer.status_code == 401


def test_files_of_somebody_signed_in_are_taken_and_the_api_is_asked_once(
    ada: httpx2.Client, telling: TellingApi
) -> None:
    ada.put(ADDRESS, content=b"x")
    asked = len(telling.paths)
    assert [ada.put(ADDRESS, content=b"x").text for _ in range(3)] == ["taken"] * 3
    assert len(telling.paths) == asked


def test_upload_while_the_api_is_away_says_so() -> None:
    with serving(ui_server(Backend("http://127.0.0.1:9"))) as url:
        answer = httpx2.put(url + ADDRESS, content=b"x", headers={"Cookie": "p2m_web=x"}, trust_env=False)
    assert answer.status_code == 502
