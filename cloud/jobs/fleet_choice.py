"""The fleet that the settings ask for."""

from cloud.errors import InvalidInput
from cloud.fleet.contract import Fleet
from cloud.fleet.local import LocalFleet
from cloud.fleet.pod_tokens import PodTokens
from cloud.settings import Settings

# A job that has ended still renders its pictures and files.
_AFTER_A_JOB_S = 600.0


async def start_fleet(settings: Settings) -> Fleet:
    """The fleet, at work. Raises: InvalidInput, ClusterRefused: it cannot be had as the settings are."""
    if settings.fleet == "local":
        local = LocalFleet(settings.data_dir / "pods", spares=1, pod_options=settings.pod_options)
        await local.start()
        return local
    if settings.pod_signing_key is None:
        raise InvalidInput("P2M_FLEET is kubernetes, and P2M_POD_SIGNING_KEY is not set: see `prompt2mesh pod-keys`.")
    tokens = PodTokens.of_pem(settings.pod_signing_key.get_secret_value())
    # Imported late: a second, for those who have a cluster.
    from cloud.fleet.kubernetes import KubernetesFleet
    from cloud.fleet.kubernetes_client import KubernetesCluster
    from cloud.fleet.rules import FleetRules
    from cloud.fleet.warm_pool import PoolRules

    pool = PoolRules(
        least=settings.warm_pods_min,
        most=max(settings.warm_pods_max, settings.warm_pods_min),
        ready_share=settings.warm_pods_share,
    )
    rules = FleetRules(
        idle_s=settings.pod_idle_s,
        start_limit_s=settings.pod_start_limit_s,
        max_pods=settings.max_pods,
        lifetime_s=settings.pod_lifetime_s,
        longest_use_s=min(settings.job_limit_s + _AFTER_A_JOB_S, settings.pod_lifetime_s / 2),
        pool=pool,
    )
    cluster = await KubernetesCluster.open(settings.pod_namespace)
    fleet = KubernetesFleet(cluster, tokens, rules)
    await fleet.start()
    return fleet
