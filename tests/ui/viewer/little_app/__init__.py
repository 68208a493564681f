"""A page with nothing but a viewer and a comparison, on the web UI's own server."""
