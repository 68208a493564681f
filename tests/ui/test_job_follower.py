"""A followed job: its thread ends with the job, on trouble, and with its owner."""

import gc
import threading
import time
from collections.abc import Callable

from tests.ui.fake_api import FakeApi
from ui.api_client import ApiClient
from ui.job_follower import JobFollower


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def follow(api: FakeApi, job: dict) -> JobFollower:
    return JobFollower(ApiClient(api.url, api.add_user()), job)  # type: ignore[arg-type]


def threads_of(job: dict) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"job-{job['id']}"]


def test_what_the_events_tell_is_there_and_the_thread_ends_with_the_job(api: FakeApi) -> None:
    follower = follow(api, api.finish(api.add_project("Chair"), "a chair"))
    wait_for(lambda: not follower.live)
    assert follower.progress().state == "succeeded"
    assert follower.trouble == ""


def test_job_of_somebody_else_is_trouble_in_one_sentence(api: FakeApi) -> None:
    job = api.add_job(api.add_project("Chair")["id"], "a chair")
    follower = follow(api, {**job, "id": "not-mine"})
    wait_for(lambda: not follower.live)
    assert follower.trouble == "There is no such thing."


def test_stop_ends_the_thread_of_a_silent_job(api: FakeApi) -> None:
    job = api.add_job(api.add_project("Chair")["id"], "a chair")
    follower = follow(api, job)
    wait_for(lambda: follower.progress().steps == [] and follower.live)
    follower.stop(5)
    assert not follower.live


def test_dropped_follower_leaves_no_thread(api: FakeApi) -> None:
    job = api.add_job(api.add_project("Chair")["id"], "a chair")
    follower = follow(api, job)
    assert len(threads_of(job)) == 1
    del follower
    gc.collect()
    wait_for(lambda: not threads_of(job))
