"""What the panel shows in each state, in a narrow sidebar too: drawn by the installed add-on in a real Blender."""

import pytest

from tests.addon.support.blender import Blender

_STATES = {
    "signed out": ("say(m().ConnectionChanged('signed_out'))", ["You are signed out.", "[Sign In]", "[Use a Token…]"]),
    "code shown": (
        "say(m().ConnectionChanged('code_shown'), m().CodeShown('BCDF-GHJK', 'https://x.org/d?c=BCDF-GHJK',"
        " 'https://x.org/d', __import__('time').monotonic() + 600))",
        ["BCDF-GHJK", "[Open Browser]", "[Cancel]"],
    ),
    "offline": (
        "say(m().ConnectionChanged('offline', 'The server does not answer; it is tried again.'))",
        ["The server does not answer; it is tried again.", "[Try Again]"],
    ),
    "signed in": (
        "signed_in()",
        ["artist", "Makes a new project", "Your projects will be here."],
    ),
    "too old": (
        "signed_in(); say(m().VersionChecked('9.0', 'This add-on is too old; update it in Preferences.', True))",
        ["This add-on is too old; update it in Preferences."],
    ),
    "sending": (
        "signed_in(); say(m().Working(9, 'Build', True), m().UploadChanged(9, 500_000, 2_000_000))",
        ["Sending 500 kB of 2.0 MB"],
    ),
    "queued": (
        "signed_in(); say(m().JobFollowed(job('queued')))",
        ["a round table", "Waiting in the queue", "[Cancel]"],
    ),
    "building": (
        "signed_in(); say(m().JobFollowed(job(stage_words='Building', doing='Two mugs', steps_done=2, fraction=0.4,"
        " usage=t().Usage(12_304, 0.42), usd_limit=5.0)))",
        ["Building", "Two mugs", "2 steps done", "12,304 tokens · $0.42 of $5.00"],
    ),
    "connection lost": (
        "signed_in(); say(m().JobFollowed(job(link='lost', link_words='Connection lost, trying again…')))",
        ["Connection lost, trying again…"],
    ),
    "cancelling": ("signed_in(); say(m().JobFollowed(job(cancel_requested=True)))", ["[Cancelling…]"]),
    "done": (
        "signed_in(); say(m().JobFollowed(job('succeeded', result=t().JobResult(objects=3, triangles=7660, seconds=56,"
        " summary='I built a table.', not_built=('a cat',)))))",
        ["Done in 0:56", "3 objects · 7,660 triangles", "I built a table.", "Not built: a cat", "[Import]"],
    ),
    "failed": (
        "why = t().JobTrouble('budget', 'The budget is used up; raise it.')\n"
        "signed_in(); say(m().JobFollowed(job('failed', error=why)))",
        ["The budget is used up; raise it."],
    ),
    "error": (
        "signed_in(); say(m().Failed(5, 'OpenProject', 'There is no such project (any more).', 'user', 'not_found'))",
        ["There is no such project (any more).", "[Diagnose]", "[Dismiss]"],
    ),
    "job found": (
        "found = t().Job(uuid(8), uuid(2), 'build', 'a castle', 'running', '', '', False, None, None)\n"
        "signed_in(); say(m().JobsFound((found,)))",
        ["A job of yours goes on:", "a castle", "[Watch]"],
    ),
    "brief": (
        "signed_in(); say(m().BriefReady(uuid(7), uuid(2), brief())); session().brief.part = 0",
        ["=Round table", "[4 × Leg · 0.04 × 0.04 × 0.7 m]", "Size (m)=(0.04, 0.04, 0.7)", "[Build This]"],
    ),
    "project open": (
        "signed_in(); say(m().ProjectsListed((card(), card(3, name='Castle', state='busy')), True), opened())",
        ["[Undo]", "3. Step 3", "1. Step 1", "[Opened]", "Castle", "1–2 of 2+"],
    ),
    "parameters": (
        "signed_in(); say(opened(parameter('height', 'number', 0.75, min=0.2, max=2.0, unit='m'),"
        " parameter('legs', 'count', 4, min=3, max=8), parameter('round', 'switch', True),"
        " parameter('top', 'colour', '#ff0000'),"
        " parameter('base', 'colour', (0.1, 0.2, 0.3, 1.0)), parameter('odd', 'colour', 'oak')))",
        ["Height (m)=0.75", "Legs=4", "Round=True", "=(1.0, 0.0, 0.0)", "=(0.1, 0.2, 0.3, 1.0)", "Odd=oak", "[Apply]"],
    ),
    "diagnosed": (
        "say(m().Diagnosed('Network: fine\\nClock: 2 s behind', 'The clock is wrong; set it.'))",
        ["The clock is wrong; set it.", "Network: fine", "Clock: 2 s behind", "[Copy the Report]"],
    ),
    "downloading": (
        "signed_in(); say(m().JobFollowed(job('succeeded'))); pressed('import_scene', project_id=uuid(2));"
        " say(m().DownloadChanged(orders('Download')[0].order_id, 5_000_000, 20_000_000))",
        ["5.0 MB of 20 MB", "[Cancel]"],
    ),
}


@pytest.mark.parametrize("state", _STATES)
def test_each_state_is_shown_in_words_and_fits_a_narrow_sidebar(blender: Blender, state: str) -> None:
    happens, expected = _STATES[state]
    shown, too_wide = blender.run(
        f"globals().update(shared)\n{happens}\n"
        "return [line for lines in drawn(900).values() for line in lines], widest(170)"
    )
    words = [line for line in shown if line]
    assert [line for line in expected if line not in words] == [], words
    assert too_wide == []
