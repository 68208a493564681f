"""What can be taken home of a project's scene: what is ready, what is being made, in words and addresses.

No Streamlit here; `ui.downloads_box` draws it.
"""

from dataclasses import dataclass, field
from typing import Any

from ui.api_client import ApiClient
from ui.api_errors import ClientError
from ui.api_types import Project
from ui.download_calls import Download, Downloads
from ui.job_follower import JobFollower
from ui.painted import Message
from ui.wording import count, file_size

TITLES = {
    "blend": ("Blender file", "The scene as it is, to go on with in Blender."),
    "glb": ("glTF", "For the web, game engines and viewers; one file with its textures."),
    "fbx": ("FBX", "For Unity, Unreal, Maya and 3ds Max."),
    "obj": ("OBJ", "Shapes and simple materials, for nearly everything."),
    "stl": ("STL", "For 3D printing: shapes alone."),
    "usdc": ("USD", "For Omniverse, Houdini and Apple's tools."),
    "ply": ("PLY", "Points and faces, for scanning and research."),
    "script": ("Python script", "Builds the scene anew in Blender, step by step."),
    "picture": ("Picture", "How the scene looks."),
    "turntable.mp4": ("Turntable, MP4", "The scene turns around once; small and smooth."),
    "turntable.gif": ("Turntable, GIF", "The scene turns around once; plays everywhere."),
    "archive": ("Everything as a zip", "All that is there of the scene, with its pictures, script and prompts."),
}
"""What each is called and good for. One that is not here is shown by its name."""
FILMS = {"turntable.mp4": "video", "turntable.gif": "image"}
"""Those that are shown, the better one first: people can stop a video."""


@dataclass
class DownloadList:
    """The list of one project, for one browser session. Methods that ask the API raise ClientError.

    `making`: followers of the jobs that make something, and `failures`: why something could not be made, by what the
    API calls its format. `fresh`: what has come since it was last shown.
    """

    client: ApiClient
    project: Project
    found: Downloads | None = None
    making: dict[str, JobFollower] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)

    def load(self) -> None:
        """Ask what there is. Where the scene has changed, what was made of the one before is let go."""
        before = self.found["snapshot_id"] if self.found else None
        self.found = self.client.downloads(self.project["id"])
        if before not in {None, self.found["snapshot_id"]}:
            self.stop()
            self.failures.clear()
        for item in self.found["items"]:
            if item["state"] == "making" and item["job_id"] and item["format"] not in self.making:
                self.making[item["format"]] = JobFollower(self.client, self.client.get_job(item["job_id"]))

    def act(self, message: Message) -> None:
        """Do what the person asks. Raises also: KeyError, ValueError: the message is none of ours."""
        acts = {"make": self._make, "refresh": self._refresh}
        acts[message["what"]](message)

    def stop(self) -> None:
        """Follow nothing any more. The jobs go on."""
        for follower in self.making.values():
            follower.stop(timeout_s=0)
        self.making.clear()

    def shown(self) -> dict[str, Any]:
        """All that the painter needs."""
        items = self.found["items"] if self.found else []
        fresh, self.fresh = self.fresh, []
        return {
            "facts": " · ".join(self._facts()),
            "rows": [self._row(item) for item in items],
            "film": _film(items),
            "refreshes": bool(self.making),
            "fresh": fresh,
        }

    def _make(self, message: Message) -> None:
        name = message["id"]
        items = self.found["items"] if self.found else []
        if name in self.making or name not in {item["format"] for item in items if item["format"]}:
            raise ValueError(f"{name!r} cannot be made now")
        self.failures.pop(name, None)
        try:
            job = self.client.export_project(self.project["id"], name)
        except ClientError as error:
            self.failures[name] = str(error)
            return
        self.making[name] = JobFollower(self.client, job)
        self.load()

    def _refresh(self, _message: Message) -> None:
        """See which jobs have ended; ask anew what there is where one has."""
        ended = {name: follower for name, follower in self.making.items() if not follower.live}
        for name, follower in ended.items():
            del self.making[name]
            progress = follower.progress()
            if progress.error is not None:
                self.failures[name] = progress.error["message"]
            elif follower.trouble:
                self.failures[name] = follower.trouble
            elif progress.state == "succeeded":
                self.fresh.append(name)
        if ended:
            self.load()

    def _row(self, item: Download) -> dict[str, Any]:
        name = item["format"] or item["kind"]
        title, about = TITLES.get(name, (item["name"], ""))
        follower = self.making.get(name)
        is_ready, is_making = item["state"] == "ready", item["state"] == "making" or follower is not None
        row = {
            "id": name,
            "title": title,
            "about": about,
            "size": file_size(item["bytes"]) if item["bytes"] else "",
            "state": "ready" if is_ready else "making" if is_making else item["state"],
            "files": [{"name": file["name"], "href": f"p2m/api{file['url']}"} for file in item["files"]],
            "note": "" if is_ready or is_making else item["reason"],
            "fraction": None,
            "error": self.failures.get(name, ""),
        }
        return row | (_progress_of(follower) if follower is not None and not is_ready else {})

    def _facts(self) -> list[str]:
        found = self.found
        if found is None or found["objects"] is None:
            return []
        facts = [count(found["objects"], "object"), count(found["triangles"] or 0, "triangle")]
        if found["size_m"]:
            facts.append(f"{' × '.join(f'{side:.3g}' for side in found['size_m'])} m")
        return facts


def _film(items: list[Download]) -> dict[str, str] | None:
    """The turntable to show."""
    there = {item["format"]: item["files"][0] for item in items if item["state"] == "ready" and item["files"]}
    for name, kind in FILMS.items():
        if name in there:
            return {"kind": kind, "href": f"p2m/api{there[name]['url']}", "alt": "The scene, turning around once"}
    return None


def _progress_of(follower: JobFollower) -> dict[str, Any]:
    progress = follower.progress()
    if progress.pieces is not None and not progress.ended:
        done, of = progress.pieces
        return {"note": f"Drawing the turntable: view {done} of {of}", "fraction": done / max(of, 1)}
    return {"note": progress.doing or progress.stage_words}
