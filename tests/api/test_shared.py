"""What strangers get by a link: what it shows, as long as it lives, and nothing else."""

import re
import string
from typing import Any

import httpx2
import pytest

from cloud.accounts.tokens import new_token
from tests.api.conftest import sign_in
from tests.api.shares import MODEL, PREVIEW, SECRET, Finished, execute, finished_project, make_share
from tests.conftest import RunningApi

GONE = "There is nothing at this link"


@pytest.fixture(scope="module")
def finished(ada: httpx2.Client, api: RunningApi) -> Finished:
    return finished_project(ada, api)


@pytest.fixture(scope="module")
def made(ada: httpx2.Client, finished: Finished) -> dict[str, Any]:
    return make_share(ada, finished.project, title="Light <b>& sea</b>")


def _addresses(token: str) -> list[str]:
    """All that a link has."""
    root = f"/v1/shares/{token}"
    files = ("pictures/1", "model.glb", "download/scene.glb", "download/scene.blend")
    return [f"/s/{token}", root, *(f"{root}/{file}" for file in files)]


def _all_answers(client: httpx2.Client, token: str) -> list[tuple[int, str, str]]:
    """Status, type and text of all that a link has; nonces and requests' ids are left out, being new each time."""
    answers = [client.get(address) for address in _addresses(token)]
    plain = [re.sub(r'nonce="[^"]+"|"request_id": ?"[^"]+"', "", answer.text).replace(token, "TOKEN") for answer in answers]
    return [(one.status_code, one.headers["Content-Type"], text) for one, text in zip(answers, plain, strict=True)]


def test_a_stranger_sees_the_scene_and_no_more(
    anybody: httpx2.Client, finished: Finished, made: dict[str, Any]
) -> None:
    shown = anybody.get(f"/v1/shares/{made['token']}")
    facts = shown.json()

    assert shown.headers["Cache-Control"] == "no-store"
    assert set(facts) == {
        *("title", "made_at", "expires_at", "objects", "triangles"),
        *("pictures", "model_state", "model", "downloads"),
    }
    assert (facts["title"], facts["objects"], facts["triangles"]) == ("Light <b>& sea</b>", 7, 12_345)
    assert (facts["model_state"], facts["downloads"]) == ("ready", [])
    assert [anybody.get(one["url"]).content for one in facts["pictures"]] == [PREVIEW]
    assert anybody.get(facts["model"]["url"]).content == MODEL
    page = anybody.get(f"/s/{made['token']}").text
    hidden = [SECRET, "Ada", finished.project, finished.job, *finished.steps, made["id"], "first = 1", "second = 2"]
    assert not [one for one in hidden if one in page + shown.text]


def test_the_page_shows_titles_as_text_and_runs_nothing_but_its_own(
    api: RunningApi, anybody: httpx2.Client, made: dict[str, Any]
) -> None:
    first, second = (anybody.get(f"/s/{made['token']}") for _ in range(2))
    policy = first.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)

    assert "<h1>Light &lt;b&gt;&amp; sea&lt;/b&gt;</h1>" in first.text
    assert f'content="{api.url}/v1/shares/{made["token"]}/pictures/1"' in first.text
    assert nonce is not None
    assert not re.search(r"'unsafe-|\*|https?:", policy)
    assert "default-src 'none'" in policy
    assert nonce[1] not in second.text + second.headers["Content-Security-Policy"]
    assert not re.search(r"\son\w+=|style=|javascript:", first.text)
    for tag in re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*>", first.text):
        assert f'nonce="{nonce[1]}"' in tag
    outside = re.findall(r'(?:src|href)="([^"]+)"', first.text)
    assert all(one.startswith("/") or one == "data:," for one in outside)
    assert (first.headers["Cache-Control"], first.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "noindex" in first.headers["X-Robots-Tag"]


def test_what_the_page_loads_is_there_and_stays(anybody: httpx2.Client, made: dict[str, Any]) -> None:
    page = anybody.get(f"/s/{made['token']}").text
    addresses = set(re.findall(r'"(/assets/[^"]+)"', page))

    assert any(one.endswith("/page.css") for one in addresses)
    for address in addresses:
        answer = anybody.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert anybody.get(address, headers={"Accept-Encoding": "identity"}).content == answer.content
        assert anybody.get(re.sub(r"assets/\w{4}", "assets/0000", address)).status_code == 404
    for name in ("page.html", "page.py", "../page.py", "%2e%2e%2fpage.py", "LICENSE", ".stamp"):
        assert anybody.get(f"/assets/{'0' * 20}/{name}").status_code == 404


def test_files_are_taken_only_where_the_owner_allows_it(
    ada: httpx2.Client, anybody: httpx2.Client, api: RunningApi, finished: Finished
) -> None:
    share = make_share(ada, finished.project, snapshot_id=finished.steps[1])
    address = f"/v1/shares/{share['token']}/download"
    assert [anybody.get(f"{address}/scene.{kind}").status_code for kind in ("blend", "glb")] == [404, 404]
    assert "scene.blend" not in anybody.get(f"/s/{share['token']}").text

    ada.patch(f"/v1/projects/{finished.project}/shares/{share['id']}", json={"allow_download": True})

    blend = anybody.get(f"{address}/scene.blend")
    assert blend.content == b"scene after second = 2"
    assert blend.headers["Content-Disposition"] == 'attachment; filename="scene.blend"'
    assert anybody.get(f"{address}/scene.glb", headers={"Range": "bytes=0-3"}).content == MODEL[:4]
    assert "scene.blend" in anybody.get(f"/s/{share['token']}").text
    noted = execute(api, "SELECT details FROM audit_log WHERE action = 'share.downloaded'")
    anybody.get(f"{address}/scene.blend")
    assert sorted(row["file"] for (row,) in noted) == ["scene.blend", "scene.glb"]
    assert execute(api, "SELECT details FROM audit_log WHERE action = 'share.downloaded'") == noted


def test_no_other_file_is_within_reach(ada: httpx2.Client, anybody: httpx2.Client, finished: Finished) -> None:
    token = make_share(ada, finished.project, allow_download=True)["token"]
    listed = ada.get(f"/v1/projects/{finished.project}/artifacts").json()["items"]
    others = ["script.py", "preview.png", "scene.usdc", "..%2fscene.glb", "scene.glb%00"]
    listed_names = [*(one["id"] for one in listed), *(one["sha256"] for one in listed)]

    for name in [*others, *finished.steps, *listed_names]:
        for within in ("", "download/", "pictures/", "model.glb/"):
            assert anybody.get(f"/v1/shares/{token}/{within}{name}").status_code in (401, 404, 422), (within, name)
    assert anybody.get(f"/v1/shares/{token}/pictures/2").status_code == 404
    for path in (f"/v1/projects/{finished.project}", f"/v1/artifacts/{listed[0]['id']}/content", "/v1/me"):
        assert anybody.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert {anybody.request(method, address).status_code for address in _addresses(token)} == {405}


def test_later_steps_of_the_project_are_not_shown(
    ada: httpx2.Client, anybody: httpx2.Client, finished: Finished
) -> None:
    older = make_share(ada, finished.project, snapshot_id=finished.steps[0], allow_download=True)
    facts = anybody.get(f"/v1/shares/{older['token']}").json()

    assert (facts["model_state"], facts["model"], facts["objects"]) == ("preparing", None, None)
    assert anybody.get(facts["pictures"][0]["url"]).content == b"picture of first = 1"
    assert [anybody.get(one["url"]).content for one in facts["downloads"]] == [b"scene after first = 1"]
    assert anybody.get(f"/v1/shares/{older['token']}/model.glb").status_code == 404


_ENDS = {
    "it is revoked": "UPDATE shares SET revoked_at = now() WHERE user_id = %s",
    "it has expired": "UPDATE shares SET expires_at = now() - interval '1 second' WHERE user_id = %s",
    "its project is deleted": "UPDATE projects SET deleted_at = now() WHERE user_id = %s",
    "its project is gone": "DELETE FROM projects WHERE user_id = %s",
    "its user is suspended": "UPDATE users SET suspended_at = now() WHERE id = %s",
    "its user leaves": "UPDATE users SET deletion_requested_at = now() WHERE id = %s",
    "its user is gone": "DELETE FROM users WHERE id = %s",
}


@pytest.mark.parametrize("reason", _ENDS)
def test_a_link_that_has_ended_looks_like_one_that_never_was(
    api: RunningApi, anybody: httpx2.Client, reason: str
) -> None:
    owner = sign_in(api)
    share = make_share(owner, finished_project(owner, api).project, allow_download=True)
    of_nothing = _all_answers(anybody, new_token("shr"))
    assert {status for status, *_ in _all_answers(anybody, share["token"])} == {200}

    execute(api, _ENDS[reason], owner.get("/v1/me").json()["id"])

    answers = _all_answers(anybody, share["token"])
    assert answers == of_nothing
    assert {status for status, *_ in answers} == {404}
    assert GONE in answers[0][2]


def test_a_share_lives_exactly_until_its_end(
    api: RunningApi, ada: httpx2.Client, anybody: httpx2.Client, finished: Finished
) -> None:
    share = make_share(ada, finished.project, expires_in_days=1)
    ends = "SELECT extract(epoch FROM expires_at - created_at)::int FROM shares WHERE id = %s"
    assert execute(api, ends, share["id"]) == [(86_400,)]
    execute(api, "UPDATE shares SET expires_at = now() + interval '1 hour' WHERE id = %s", share["id"])
    assert anybody.get(f"/s/{share['token']}").status_code == 200

    execute(api, "UPDATE shares SET expires_at = now() WHERE id = %s", share["id"])

    assert anybody.get(f"/s/{share['token']}").status_code == 404
    ada.patch(f"/v1/projects/{finished.project}/shares/{share['id']}", json={"expires_in_days": 1})
    assert anybody.get(f"/s/{share['token']}").status_code == 200


def test_a_link_cannot_be_guessed_from_another(anybody: httpx2.Client, made: dict[str, Any]) -> None:
    token = made["token"]
    other = {char: next(one for one in string.ascii_letters if one != char) for char in token}
    forged = [
        *(token[:place] + other[token[place]] + token[place + 1 :] for place in (0, 8, 9, 30, len(token) - 1)),
        *(token[:-1], token + "A", token.lower(), token.upper(), token.replace("_shr_", "_ses_"), made["hint"]),
        *(
            made["id"],
            "%00",
            "%",
            "*",
            "' OR 1=1 --",
            "..",
            "🏰",
            "a" * 5_000,
            f"{token}%0A",
            f"{token}%20",
            f" {token}",
        ),
    ]

    for one in forged:
        assert anybody.get(f"/s/{one}").status_code == 404, one
        assert anybody.get(f"/v1/shares/{one}/model.glb").status_code == 404, one


def test_views_count_an_address_once_an_hour(
    api: RunningApi, ada: httpx2.Client, anybody: httpx2.Client, finished: Finished
) -> None:
    share = make_share(ada, finished.project)
    for _ in range(3):
        assert anybody.get(f"/s/{share['token']}").status_code == 200
        assert anybody.get(f"/v1/shares/{share['token']}").status_code == 200

    assert execute(api, "SELECT views FROM shares WHERE id = %s", share["id"]) == [(1,)]


def test_a_network_that_asks_too_often_waits(
    api: RunningApi, anybody: httpx2.Client, ada: httpx2.Client, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloud.accounts.throttle.throttle import Limit
    from cloud.api import floods

    monkeypatch.setattr(floods, "_SHARED", Limit(3, 60, "requests of this test"))
    answers = [anybody.get(f"/s/{made['token']}") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert ada.get("/v1/shares").status_code == 200
