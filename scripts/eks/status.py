"""`status`: what runs, in what state, and what it was before. Changes nothing."""

import time

from releases import known, running_tag
from shell import CommandFailed
from target import BACKEND, BLENDER, Target


def status(target: Target) -> bool:
    """Print it all. Returns: whether every question was answered. Raises: Stop: no credentials, no cluster."""
    shell = target.shell
    shell.need("aws", "kubectl")
    target.check_account()
    target.enter_cluster()
    region = ("--region", target["REGION"], "--output", "text", "--query")
    cluster = ("aws", "eks", "describe-cluster", "--name", target["CLUSTER"], *region)
    database = ("aws", "rds", "describe-db-instances", "--db-instance-identifier", target["CLUSTER"], *region)
    questions: list[tuple[str, tuple[str, ...]]] = [
        ("The cluster", (*cluster, "cluster.[status,version,platformVersion]")),
        ("The database", (*database, "DBInstances[0].[DBInstanceStatus,EngineVersion,LatestRestorableTime]")),
        ("Nodes", target.kubectl("get", "nodes", "-L", "prompt2mesh.io/pool,karpenter.sh/capacity-type")),
        ("Backend", target.kubectl("get", "deployments,hpa,jobs", "-n", BACKEND)),
        ("Blender", target.kubectl("get", "deployments", "-n", BLENDER)),
        ("Blenders with a user", target.kubectl("get", "pods", "-n", BLENDER, "-l", "prompt2mesh.io/claim=claimed")),
        ("The way in", target.kubectl("get", "ingress,certificates", "-n", BACKEND)),
        ("Secrets", target.kubectl("get", "externalsecrets", "-A")),
    ]
    complete = True
    for title, command in questions:
        shell.say(title)
        try:
            print(shell.ask(*command))
        except CommandFailed as error:
            complete = False
            print(f"  no answer: {error.said}")
    shell.say("Releases, newest first")
    running = running_tag(target)
    for one in reversed(known(target)):
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(one.at))
        back = f", rolled back to from {one.rolled_back_from}" if one.rolled_back_from else ""
        print(f"{'●' if one.tag == running else ' '} {one.tag}  schema {one.schema}  {when}{back}")
    return complete
