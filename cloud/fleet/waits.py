"""Why there is no pod to have, in the cluster's own words."""

from cloud.errors import Prompt2MeshError
from cloud.fleet.cluster import CLAIM_LABEL, WARM, Cluster
from cloud.fleet.pod_cache import PodCache


async def why_none(cluster: Cluster, cache: PodCache, *, is_full: bool, max_pods: int) -> str:
    """What stands between a user and a pod; at most three things."""
    if is_full:
        return f"all {max_pods} pods that there may be (P2M_MAX_PODS) are in use."
    spares = [pod for pod in cache if pod.labels.get(CLAIM_LABEL) == WARM and not pod.is_going]
    said = [pod.why for pod in spares if pod.why]
    try:
        pool = await cluster.read_warm()
    except Prompt2MeshError as error:
        said.append(str(error))
    else:
        if pool.why:
            said.append(pool.why)
        elif pool.replicas == 0:
            said.append("the warm pool is set to 0 pods")
        elif not spares:
            said.append("no pod is starting")
    starting = f"{len(spares)} pods are starting"
    return "; ".join(list(dict.fromkeys(said))[:3] or [starting]) + "."
