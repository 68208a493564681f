"""What a user does in Blender with the add-on, in any kind of Blender: signs in, builds, waits, imports."""

from typing import Any

from tests.addon.support.archive import built_archive
from tests.addon.support.blender import Blender
from ui.api_client import ApiClient

MODULE = "bl_ext.user_default.prompt2mesh"
SIGN_IN_S, BUILD_S = 60, 180
PROMPT = "a red wooden chair"

_LOOK = """
found = add_on("panel.session").current()
state, job = found.state, found.state.job
return {
    "connection": state.connection,
    "words": state.connection_words,
    "version_words": state.version_words,
    "version_blocks": state.version_blocks,
    "username": state.user.username if state.user else None,
    "code": state.code.user_code if state.code else None,
    "project": state.project.project.id if state.project else None,
    "steps": [each.id for each in state.project.snapshots] if state.project else [],
    "head": state.project.project.head_snapshot_id if state.project else None,
    "job": job and {"id": job.id, "state": job.state, "ended": job.ended, "project_id": job.project_id},
    "picture": str(state.job_picture) if state.job_picture else None,
    "jobs_found": [each.id for each in state.jobs_found],
    "trouble": state.trouble.sentence if state.trouble else None,
    "refused": found.refused,
    "told": found.told,
    "coming": len(found.wanted) + len(found.arrivals),
}
"""


class User:
    """Somebody at one Blender. Waits are generous: machines are shared."""

    def __init__(self, blender: Blender, server: str) -> None:
        self.blender = blender
        self.server = server

    def install(self) -> None:
        """Install the built zip, and say where the server is."""
        self.blender.install(built_archive())
        self.prefer(server=self.server)

    def prefer(self, **values: Any) -> None:
        """Fill in fields of the add-on's preferences."""
        self.blender.run(
            f"ours = bpy.context.preferences.addons[{MODULE!r}].preferences\n"
            f"for name, value in {values!r}.items(): setattr(ours, name, value)"
        )

    def fill_in(self, **values: Any) -> None:
        """Fill in fields of the panel."""
        self.blender.run(
            f"form = add_on('panel.session').current().form\n"
            f"for name, value in {values!r}.items(): setattr(form, name, value)"
        )

    def press(self, button: str, **values: Any) -> None:
        """Press a button of the panel, by its operator's name. Raises: AssertionError: it is grey, or refuses."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in values.items())
        self.blender.run(f"assert 'FINISHED' in bpy.ops.p2m.{button}({arguments})")

    def look(self) -> dict[str, Any]:
        """What the panel draws from."""
        return self.blender.run(_LOOK)

    def wait_for(self, limit_s: float = SIGN_IN_S, **wanted: Any) -> dict[str, Any]:
        """What the panel draws from, as soon as it has these values."""
        body = "".join(f"    {line}\n" for line in _LOOK.splitlines())
        self.blender.run(f"def look():\n{body}\nshared['look'] = look")
        fits = f"all(seen[key] == value for key, value in {wanted!r}.items())"
        return self.blender.wait(f"(lambda seen: {fits} and seen)(shared['look']())", limit_s)

    def sign_in(self, person: ApiClient) -> None:
        """By a code, which the person confirms in the browser."""
        self.press("sign_in")
        code = self.wait_for(connection="code_shown")["code"]
        person.approve_device(code)
        self.wait_for(connection="signed_in", username=person.me()["username"])

    def sign_in_with_token(self, token: str = "p2m_pat_" + "x" * 40) -> None:
        """By an API token; needs no answer of a person."""
        self.give_token(token)
        self.wait_for(connection="signed_in")

    def give_token(self, token: str = "p2m_pat_" + "x" * 40) -> None:
        """Type a token into the dialog, and press its button."""
        self.blender.run(f"add_on('panel.account')._typed[0] = {token!r}")
        self.press("sign_in_with_token")

    def build(self, prompt: str = PROMPT, **fields: Any) -> dict[str, Any]:
        """Press Build, and give what the panel shows when the job has begun."""
        before = (self.look()["job"] or {}).get("id")
        self.fill_in(prompt=prompt, **fields)
        self.press("build")
        self.blender.wait(f"(lambda job: job and job.id != {before!r})(add_on('panel.session').current().state.job)")
        return self.look()

    def watch(self, job_id: str) -> None:
        """Follow a job that goes on."""
        self.press("watch_job", job_id=job_id)
        self.blender.wait(f"(lambda seen: seen and seen.id == {job_id!r})(add_on('panel.session').current().state.job)")

    def wait_for_the_end(self, state: str = "succeeded") -> dict[str, Any]:
        """What the panel draws from when the job has ended; it must have ended so."""
        self.blender.wait("add_on('panel.session').current().state.job.ended", BUILD_S)
        seen = self.look()
        assert seen["job"]["state"] == state, seen
        return seen

    def bring(self, project_id: str, **fields: Any) -> dict[str, Any]:
        """Import a project's scene with these fields of the panel, and give what the panel shows afterwards."""
        self.fill_in(**fields)
        self.press("import_scene", project_id=project_id)
        self.wait_for_the_scene()
        return self.look()

    def wait_for_the_scene(self) -> None:
        """Return when no scene is on its way any more."""
        self.blender.wait(
            "(lambda s: not s.wanted and not s.arrivals and not add_on('panel.pump').current_pump().arriving.is_on)"
            "(add_on('panel.session').current())",
            BUILD_S,
        )
