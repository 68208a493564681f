"""`tear-down`: the cluster goes, the data stays; with --delete-data the data goes, too.

What Kubernetes made on AWS goes first, by Kubernetes: Terraform knows neither its load balancer nor Karpenter's nodes,
and could not delete the network under them.
"""

import sys

from cluster import VARIABLES, terraform
from shell import CommandFailed, Shell, Stop
from target import BACKEND, BLENDER, Target

# Whatever hangs on these goes with them: add-ons, node groups, the roles of service accounts.
_COSTLY = ("aws_eks_cluster.this", "aws_nat_gateway.this", "aws_eip.nat")
_PROTECTED = ("aws_db_instance.this", "aws_s3_bucket.artifacts", "aws_ecr_repository.this")


def tear_down(target: Target, *, named: str | None, delete_data: bool) -> None:
    """Nothing runs any more that costs by the hour. May be run again at any point. Raises: Stop."""
    shell = target.shell
    shell.need("aws", "kubectl", "helm", "terraform")
    if not VARIABLES.is_file():
        shell.object("There is no k8s/eks/cluster.tfvars: without it Terraform does not know what it made.")
    target.check_account()
    _be_sure(shell, target["CLUSTER"], named, delete_data=delete_data)
    if _cluster_is_there(target):
        target.enter_cluster()
        _empty(target)
    variables = f"-var-file={VARIABLES.name}"
    if not delete_data:
        shell.say("Cluster, nodes and NAT; database, bucket, images, keys and secrets stay (and cost: COSTS.md)")
        goals = [f"-target={one}" for one in _COSTLY]
        shell.do(*terraform("destroy", "-input=false", "-auto-approve", variables, *goals))
        return
    shell.say("Take the protection off, then delete everything; the database leaves a last snapshot")
    goals = [f"-target={one}" for one in _PROTECTED]
    open_ = (variables, "-var=keep_data=false")
    shell.do(*terraform("apply", "-input=false", "-auto-approve", *open_, *goals))
    shell.do(*terraform("destroy", "-input=false", "-auto-approve", *open_))


def _be_sure(shell: Shell, cluster: str, named: str | None, *, delete_data: bool) -> None:
    what = "the cluster AND ALL DATA: projects, artifacts, images" if delete_data else "the cluster; the data stays"
    if named is None and not shell.dry_run:
        if not sys.stdin.isatty():
            raise Stop(f"Nobody is here to be asked: say --name {cluster} to delete {what}.")
        named = input(f"This deletes {what}. Type the cluster's name to go on: ").strip()
    if named not in (None, cluster):
        raise Stop(f"{named!r} is not the cluster's name ({cluster}); nothing was done.")


def _cluster_is_there(target: Target) -> bool:
    look = ("aws", "eks", "describe-cluster", "--name", target["CLUSTER"], "--region", target["REGION"])
    try:
        return bool(target.shell.ask(*look, "--query", "cluster.status", "--output", "text", assume="ACTIVE"))
    except CommandFailed as error:
        if "ResourceNotFoundException" in error.said:
            target.shell.say("The cluster is gone already")
            return False
        raise


def _empty(target: Target) -> None:
    shell, quiet = target.shell, "--ignore-not-found"
    shell.say("No more jobs, then no more pods, so that no node is asked for while nodes go")
    for namespace in (BACKEND, BLENDER):
        shell.do(*target.kubectl("delete", "namespace", namespace, quiet, "--wait=true", "--timeout=15m"))
    shell.say("The load balancer, which the ingress controller's Service owns")
    release = ("nginx-ingress", "--namespace", "nginx-ingress")
    helm = ("helm", "--kube-context", target["CLUSTER"], "uninstall", *release)
    shell.do(*helm, "--ignore-not-found", "--wait", "--timeout", "10m")
    shell.say("Karpenter's nodes, by Karpenter")
    if shell.ask(*target.kubectl("get", "crd", "nodepools.karpenter.sh", quiet, "-o", "name"), assume="crd"):
        shell.do(*target.kubectl("delete", "nodepools.karpenter.sh", "--all", "--wait=true", "--timeout=30m"))
        shell.do(*target.kubectl("delete", "ec2nodeclasses.karpenter.k8s.aws", "--all", "--timeout=10m"))
