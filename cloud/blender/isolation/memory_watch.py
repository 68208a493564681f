"""The memory of a process tree, for machines where no control group limits it."""

import psutil


def resident_bytes(pid: int) -> int:
    """What the process and all below it hold in memory. Pages that they share count once each; 0 if it is gone."""
    try:
        tree = [psutil.Process(pid)]
        tree += tree[0].children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for process in tree:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:  # it ended meanwhile
            continue
    return total
