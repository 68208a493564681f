"""What the worker's threads do for each order. Importing this imports `requests`, so only those threads do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import inner
from .. import messages as m
from . import building, diagnosing, following, projects, sign_in, transfers
from .at import At


@dataclass(frozen=True)
class Duty:
    """How an order is done. `told`: Working says so; `needs`: whether there has to be a server, and a sign-in."""

    do: Callable[[At, Any], None]
    needs: str = "user"
    told: bool = True


DUTIES: dict[type[m.Order], Duty] = {
    m.Connect: Duty(sign_in.connect, "nothing"),
    inner.Reconnect: Duty(sign_in.reconnect, told=False),
    m.SignInWithCode: Duty(sign_in.begin_with_code, "server"),
    inner.AskForToken: Duty(sign_in.ask_for_token, "server", told=False),
    m.CancelSignIn: Duty(sign_in.give_up, "nothing", told=False),
    m.SignInWithToken: Duty(sign_in.use_token, "server"),
    m.SignOut: Duty(sign_in.sign_out, "nothing"),
    inner.FindJobs: Duty(projects.find_jobs, told=False),
    m.ListProjects: Duty(projects.list_projects),
    m.OpenProject: Duty(projects.open_project),
    m.CloseProject: Duty(projects.close_project, "nothing", told=False),
    m.Move: Duty(projects.move),
    m.Branch: Duty(projects.branch),
    m.ChangeParameters: Duty(building.change_parameters),
    m.Build: Duty(building.build),
    inner.DropProject: Duty(building.drop_project, told=False),
    m.BuildBrief: Duty(building.build_brief),
    m.CancelJob: Duty(building.cancel_job),
    m.Watch: Duty(following.watch, told=False),
    inner.Follow: Duty(following.follow, told=False),
    m.StopWatching: Duty(following.stop_watching, "nothing", told=False),
    m.Download: Duty(transfers.download),
    m.DropFile: Duty(transfers.drop_file, "nothing", told=False),
    inner.ShowPicture: Duty(transfers.show_picture, told=False),
    inner.TidyUp: Duty(transfers.tidy_up, "nothing", told=False),
    m.Diagnose: Duty(diagnosing.diagnose, "nothing"),
}
