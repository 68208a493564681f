"""The transport of calls to a model's server."""

import functools
import ssl

import anthropic
import httpx2


def http_client_for(base_url: str | None) -> anthropic.DefaultAsyncHttpxClient:
    """A client of its own for each caller, who closes it; all share the certificates, which take 0.2 s to load."""
    local = base_url is not None and base_url.startswith("http://")
    # Without TLS a context that trusts nobody will do.
    return anthropic.DefaultAsyncHttpxClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if local else _trusted())


@functools.cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
