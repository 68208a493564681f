"""Times as they stand in a pod's annotations: RFC 3339, UTC, whole milliseconds."""

from datetime import UTC, datetime

from cloud.fleet.cluster import CLAIMED_AT, ClusterPod


def as_text(at: float) -> str:
    """Seconds since 1970 as an annotation has them."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_seconds(text: str | None) -> float | None:
    """Seconds since 1970; None if it is no time (somebody else wrote it, or nobody did)."""
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        return None


def claimed_at(pod: ClusterPod) -> float:
    """When the pod was claimed, by the clock of who claimed it; 0 if it was not, or does not say."""
    return as_seconds(pod.annotations.get(CLAIMED_AT)) or 0.0
