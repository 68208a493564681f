"""Hints for errors that come from the pod's own limits: memory, disk, network, processes, the read-only root."""

import errno
import re
import socket
import urllib.error

_NO_NETWORK = {
    errno.ECONNREFUSED,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.EAFNOSUPPORT,
    errno.EPROTONOSUPPORT,
    errno.EADDRNOTAVAIL,
    errno.ETIMEDOUT,
}
_NETWORK_WORDS = re.compile(r"socket|urlopen|requests|http|connect")
_FULL = "the disk quota is used up; delete files in the working folder or tempfile's"
_ONLY = "only the working folder (a relative path) and tempfile's folder are writable"
_OF_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "the file is larger than the pod allows",
    errno.EROFS: _ONLY,
    errno.EACCES: _ONLY,
    errno.EPERM: f"the sandbox refuses that; {_ONLY}",
    errno.ENOMEM: "past the pod's memory limit; use less at once",
    errno.EAGAIN: "past the pod's limit of processes; use fewer",
    errno.ENOENT: "there is no such file here; use import_file for the user's files",
}


def system_hint(error: BaseException, message: str, code_line: str) -> str:
    """What limit of the pod the error speaks of; "" for none."""
    if isinstance(error, MemoryError):
        return "past the pod's memory limit; use fewer vertices or smaller arrays"
    if isinstance(error, RecursionError):
        return "the function calls itself without an end; use a loop"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        return "there is no network in the pod; use import_file for the user's files"
    if not isinstance(error, OSError):
        return ""
    denied = isinstance(error, PermissionError) and _NETWORK_WORDS.search(code_line)
    if isinstance(error, socket.gaierror | TimeoutError) or error.errno in _NO_NETWORK or denied:
        return "there is no network in the pod; use import_file for the user's files"
    return _OF_ERRNO.get(error.errno or 0, "")
