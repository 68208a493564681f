"""Calls of the pod's tools by a user's own agent, each a job of the kind `call`."""
