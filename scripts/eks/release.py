"""`deploy` and `roll-back`.

A deploy goes: settings, account, images, cluster; then what everything needs, the migrations (waited for), the rest
(its roll-out waited for), a question to the public address; then it is remembered. It may end anywhere and be run
again: each step finds done what is done. What serves keeps serving until the new pods are ready.
"""

import time
from dataclasses import dataclass, replace

from manifests import Document, Plan, render, stream
from releases import Release, known, needed_schema, now, record, running_tag
from shell import CommandFailed, Stop
from target import BACKEND, BLENDER, IMAGES, Target

_MIGRATION_LIMIT_S = 3600
_LOOK_EVERY_S = 3.0
_DEPLOYMENTS = ((BACKEND, "api"), (BACKEND, "runner"), (BACKEND, "ui"), (BLENDER, "blender"))
_ROLL_OUT_LIMIT = "20m"  # a new node takes 3 minutes, the first pull of Blender's image on it one or two


@dataclass(frozen=True)
class _Applied:
    """What to wait for and to remember."""

    plan: Plan
    text: str


def deploy(target: Target) -> None:
    """The version is rolled out and answers at its public address. Raises: Stop."""
    shell = target.shell
    shell.need("aws", "kubectl", "curl")
    shell.say("Is this the right account, and is everything in the registry?")
    target.check_account()
    missing = [name for name in IMAGES if not target.is_pushed(name, assume=True)]
    if missing:
        shell.object(f"The registry has no {' and no '.join(map(target.image, missing))}: scripts/eks/push first.")
    target.enter_cluster()
    shell.say(f"kubectl kustomize k8s/overlays/eks, with {target.tag}")
    text = render(target) if not shell.dry_run else ""
    applied = _Applied(Plan.of(text), text)
    _apply(target, applied.plan.before, "what all else needs: namespaces, accounts, walls, settings")
    _wait_for_secrets(target)
    _migrate(target, applied.plan.migration)
    _roll_out(target, applied.plan)
    shell.say("Remember this release")
    record(target, Release(target.tag, needed_schema(target), now(), text))
    shell.say(f"{target.tag} runs at https://{target['HOST']}")


def roll_back(target: Target, to: str | None, *, accept_newer_schema: bool) -> None:
    """A release that worked runs again, exactly as it was applied. Migrations are not undone. Raises: Stop."""
    shell = target.shell
    shell.need("aws", "kubectl", "curl")
    target.check_account()
    target.enter_cluster()
    remembered, running = known(target), running_tag(target)
    if shell.dry_run:
        shell.say("the manifests of the release before, from its ConfigMap, without the migrations' Job")
        chosen = Release(to or "<the release before>", "<schema>", 0, "")
    else:
        picked = _choose(remembered, running, to)
        if picked is None:
            return
        chosen = picked
        _check_schema(remembered, running, chosen, accepted=accept_newer_schema or to is None)
    plan = Plan.of(chosen.manifests)
    back = replace(target, settings={**target.settings, "TAG": chosen.tag})
    _apply(back, plan.before, f"what {chosen.tag} needs")
    _roll_out(back, plan)
    record(back, replace(chosen, rolled_back_from=running or "<running>"))
    shell.say(f"{chosen.tag} runs again at https://{target['HOST']}; the database's schema stayed as it is")


def _choose(remembered: list[Release], running: str, to: str | None) -> Release | None:
    """The release to go back to; None: it runs already. Raises: Stop: there is none."""
    by_tag = {one.tag: one for one in remembered}
    names = ", ".join(by_tag) or "none"
    if to is not None:
        if to not in by_tag:
            raise Stop(f"The cluster remembers no release {to}; it remembers: {names}.")
        # Applied again even if it runs: a roll-back that was cut off is completed so.
        return by_tag[to]
    here = by_tag.get(running)
    if here is not None and here.rolled_back_from:
        print(
            f"{running} runs already, since the roll-back from {here.rolled_back_from}. "
            f"To go further back, name the release: --to TAG (remembered: {names})."
        )
        return None
    # What runs may never have answered, and then it is not remembered: the newest that did is the one before it.
    older = [one for one in remembered if one.tag != running and (here is None or one.at < here.at)]
    if not older:
        raise Stop(f"There is no release before {running or 'the first'} to go back to (remembered: {names}).")
    return older[-1]


def _check_schema(remembered: list[Release], running: str, chosen: Release, *, accepted: bool) -> None:
    newest = max((one.schema for one in remembered), default=chosen.schema)
    if chosen.schema == newest:
        return
    meaning = (
        f"The database stays at schema {newest}, and {chosen.tag} was made for {chosen.schema}. Migrations go forward "
        "only: each leaves the release before it working, and promises nothing for older ones."
    )
    if not accepted:
        raise Stop(
            f"{meaning} If you know that it works, say --accept-newer-schema; else mend forward: revert the code, not "
            "the database, and deploy that. (A database of an earlier time: RDS, point-in-time recovery; what was done "
            "since is lost.)"
        )
    print(f"note: {meaning}")


def _apply(target: Target, documents: tuple[Document, ...], what: str) -> None:
    try:
        target.shell.do(*target.kubectl("apply", "-f", "-"), given=stream(documents), what=what)
    except CommandFailed as error:
        raise Stop(
            f"{error}\n  If it says `no matches for kind`, the controllers are missing: scripts/eks/controllers. "
            "What serves is untouched; mend this and run it again."
        ) from error


def _wait_for_secrets(target: Target) -> None:
    target.shell.say("Wait until External Secrets has brought the secrets")
    for namespace in (BACKEND, BLENDER):
        wait = ("wait", "--for=condition=Ready", "externalsecrets.external-secrets.io", "--all", "-n", namespace)
        try:
            target.shell.do(*target.kubectl(*wait, "--timeout=180s"))
        except CommandFailed as error:
            raise Stop(
                f"The secrets of {namespace} do not come. Are they made (scripts/eks/secrets), and may the operator "
                f"read them? `kubectl describe externalsecret -n {namespace}`. What serves is untouched."
            ) from error


def _migrate(target: Target, job: Document | None) -> None:
    shell = target.shell
    name = job.name if job else f"migrate-{target.tag}"
    shell.say("The migrations, before any new code; one that failed is begun anew, one that is done is left alone")
    if _state_of(target, name) == "Failed":
        shell.do(*target.kubectl("delete", "job", name, "-n", BACKEND, "--wait=true"))
    _apply(target, (job,) if job else (), f"Job {BACKEND}/{name}")
    shell.say(f"Ask again until it is Complete ({_MIGRATION_LIMIT_S} s at most); Failed ends the deploy")
    deadline = time.monotonic() + _MIGRATION_LIMIT_S
    while (state := _state_of(target, name, assume="Complete")) != "Complete":
        if state == "Failed" or time.monotonic() > deadline:
            log = shell.ask(*target.kubectl("logs", f"job/{name}", "-n", BACKEND, "--tail=30"))
            raise Stop(
                f"The migrations {'failed' if state == 'Failed' else 'do not end'}, and no new code was started: the "
                f"old release serves. Mend it and run this again. What they said:\n  " + log.replace("\n", "\n  ")
            )
        time.sleep(_LOOK_EVERY_S)


def _state_of(target: Target, job: str, assume: str = "") -> str:
    """Complete, Failed, or "" while it runs, or is not there."""
    path = 'jsonpath={.status.conditions[?(@.status=="True")].type}'
    command = target.kubectl("get", "job", job, "-n", BACKEND, "--ignore-not-found", "-o", path)
    conditions = target.shell.ask(*command, assume=assume).split()
    return next((one for one in ("Complete", "Failed") if one in conditions), "")


def _roll_out(target: Target, plan: Plan) -> None:
    shell = target.shell
    _apply(target, plan.after, "Deployments, their scaling and budgets, the way in")
    others = [(one.namespace, one.name) for one in plan.deployments if (one.namespace, one.name) not in _DEPLOYMENTS]
    for namespace, name in (*_DEPLOYMENTS, *others):
        command = ("rollout", "status", f"deployment/{name}", "-n", namespace, f"--timeout={_ROLL_OUT_LIMIT}")
        try:
            shell.do(*target.kubectl(*command))
        except CommandFailed as error:
            raise Stop(
                f"{name} of {target.tag} does not get ready; the pods of before serve on. `kubectl get pods -n "
                f"{namespace}` and their logs say why. Mend it and run this again, or scripts/eks/roll-back."
            ) from error
    shell.say("Does it answer where users are?")
    # Nobody trusts the certificates of the staging issuer.
    trusted = ("--insecure",) if target["CLUSTER_ISSUER"] == "letsencrypt-staging" else ()
    retry = ("--retry", "20", "--retry-delay", "6", "--retry-all-errors", "--max-time", "10")
    try:
        shell.ask("curl", "--fail", "--silent", "--show-error", *trusted, *retry, f"https://{target['HOST']}/readyz")
    except CommandFailed as error:
        raise Stop(
            f"https://{target['HOST']}/readyz does not answer, though the pods are ready: see the way to them "
            f"(`kubectl get ingress,certificate -n {BACKEND}`, the host's DNS), then run this again.\n  {error.said}"
        ) from error
