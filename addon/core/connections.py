"""Has `requests` make its connections by a Line, so that other threads can end them."""

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from .lines import Line


class LineAdapter(HTTPAdapter):
    """Connections of one line, two kept at most. Works with urllib3 1.26 and 2."""

    def __init__(self, line: Line) -> None:
        self._classes = _classes_of(line)
        super().__init__(pool_connections=2, pool_maxsize=2, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """See requests."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = self._classes

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """See requests. SOCKS would need another library. Raises: ValueError."""
        if not proxy.lower().startswith(("http://", "https://")):
            raise ValueError("only http and https proxies can be used")
        manager = super().proxy_manager_for(proxy, **more)
        manager.pool_classes_by_scheme = self._classes
        return manager


def _classes_of(line: Line) -> dict[str, Any]:
    """urllib3's pools by scheme, with connections that the line makes."""

    class OnLine:
        """Mixed into urllib3's connections."""

        _double: socket.socket | None = None

        def _new_conn(self: Any) -> socket.socket:
            host = getattr(self, "_dns_host", None) or self.host
            try:
                made = line.connect(host, self.port, self.socket_options or ())
            except OSError as error:
                raise NewConnectionError(self, str(error)) from error
            self._drop()
            self._double = line.take(made)
            return made

        def close(self: Any) -> None:
            try:
                super().close()  # type: ignore[misc]
            finally:
                self._drop()

        def _drop(self) -> None:
            if self._double is not None:
                line.drop(self._double)
                self._double = None

    class Plain(OnLine, HTTPConnection):
        pass

    class Encrypted(OnLine, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls: Any = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls: Any = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
