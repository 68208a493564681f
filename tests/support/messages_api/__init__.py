"""A strict stand-in of Anthropic's Messages API on loopback: what it answers, refuses, caches and bills.

    async with messages_api(calls(("run_python", {"code": "x = 1"})), finishes()) as api:
        client = MessagesClient("claude-sonnet-5-5", api_key="k", base_url=api.base_url)
        …
        assert api.refusals == []
        assert api.ledger.total.input_tokens == …

How to run it: `server.messages_api`. What it may answer, and how it may fail: `replies`.
"""
