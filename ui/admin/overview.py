"""How the deployment is, and what all users together have used."""

import streamlit as st

from ui.oversight_types import DeploymentHealth, PartHealth
from ui.quotas_box import draw_quota
from ui.session import current_session, errors_as_banner
from ui.wording import ago, binary_size, count, plain

_NAMES = {"api": "API", "database": "Database", "storage": "Storage", "runners": "Runners", "queue": "Queue"}


def show_overview() -> None:
    """Draw both."""
    client = current_session().client
    left, right = st.columns([1.3, 1], gap="large")
    with left, st.container(border=True):
        st.header("Health", anchor=False)
        with errors_as_banner():
            health = client.deployment_health()
            for part in health["parts"]:
                _row(part)
            _facts(health)
        st.button("Look again", icon=":material/refresh:", key="health_again")
    with right, st.container(border=True):
        st.header("All users together", anchor=False)
        with errors_as_banner():
            deployment = client.deployment()
            admins = count(deployment["admins"], "admin")
            st.text(f"{count(deployment['users'], 'user')}, {admins}, {deployment['suspended_users']} suspended")
            for quota in deployment["quotas"]:
                draw_quota(quota)


def _row(part: PartHealth) -> None:
    # The word says it as well: a colour alone tells nothing to many.
    mark = ":green[:material/check_circle:]" if part["is_well"] else ":red[:material/error:] **Look at this:**"
    st.markdown(f"{mark} **{_NAMES.get(part['name'], plain(part['name']))}** · {plain(part['says'])}")


def _facts(health: DeploymentHealth) -> None:
    sizes = f"Database {binary_size(health['database_bytes'])}, files {binary_size(health['storage_bytes'])}."
    st.caption(f"{sizes} Version {plain(health['version'])}, schema {plain(health['schema_version'])}.")
    for runner in health["runners"]:
        where = plain(runner["address"]) if runner["address"] else "the database's own machine"
        st.caption(f"A runner on {where}, connected {ago(runner['since'])}.")
    st.caption("Blender processes belong to the runners: `prompt2mesh doctor` on their machine tells of them.")
