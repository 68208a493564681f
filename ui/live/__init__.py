"""A running job as the browser sees it: the API's events, reduced and worded here, pushed as what has changed.

One `Follower` reads the job's events for all tabs and streams of a session; `routes` serves them under `/p2m/live/`.
The painter in the page (`ui/studio/live.js`) only paints.
"""
