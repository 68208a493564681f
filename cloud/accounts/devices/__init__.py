"""Device sign-in (RFC 8628): a program without a browser shows a code, a person approves it on the web."""
