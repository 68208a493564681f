"""What the web UI serves besides its pages, under `/p2m/`: the cookie, files and live events of the API, and scripts.

The browser talks to this server alone. The session's token is in a cookie that no script can read, so pictures,
3D models and downloads go from the API through here to the browser without passing through a page's session.
"""
