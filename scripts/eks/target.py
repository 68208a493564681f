"""Where the scripts work: the file of settings, the account behind the credentials, the cluster."""

from dataclasses import dataclass
from pathlib import Path

from check_settings import SETTINGS, faults_of, read_settings
from shell import CommandFailed, Shell, Stop

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ("prompt2mesh-api", "prompt2mesh-ui", "prompt2mesh-blender")
BACKEND, BLENDER = "prompt2mesh", "prompt2mesh-blender"


@dataclass(frozen=True)
class Target:
    """One deployment: what its file of settings says, with the tag that was asked for."""

    shell: Shell
    settings: dict[str, str]

    @classmethod
    def read(cls, shell: Shell, file: Path | None, tag: str | None) -> "Target":
        """Raises: Stop: there is no such file, or it cannot be deployed; a sentence for each fault."""
        file = file or SETTINGS
        if not file.is_file():
            raise Stop(f"There is no file of settings at {file}; k8s/overlays/eks/settings.env is the pattern.")
        settings = read_settings(file)
        if tag:
            settings["TAG"] = tag
        faults = faults_of(settings)
        if faults:
            shell.object(f"{file} cannot be used:\n  " + "\n  ".join(faults))
        return cls(shell, settings)

    def __getitem__(self, name: str) -> str:
        return self.settings.get(name, f"<{name}>")

    @property
    def tag(self) -> str:
        """The version."""
        return self["TAG"]

    @property
    def account(self) -> str:
        """The twelve digits: a registry of ECR begins with them."""
        return self["REGISTRY"].partition(".")[0]

    def image(self, name: str) -> str:
        """The full name of an image of this version."""
        return f"{self['REGISTRY']}/{name}:{self.tag}"

    def check_account(self) -> None:
        """Raises: Stop: no credentials, or those of another account."""
        try:
            here = self.shell.ask(
                *("aws", "sts", "get-caller-identity", "--query", "Account", "--output", "text"), assume=self.account
            )
        except CommandFailed as error:
            raise Stop(
                "AWS knows no credentials of yours: `aws sso login` (or AWS_PROFILE, or a role), then again.\n  "
                + error.said
            ) from error
        if here != self.account:
            raise Stop(f"These credentials are of account {here}, and the settings are for {self.account}.")

    def enter_cluster(self) -> None:
        """kubectl knows the cluster, under its own name. Raises: Stop: it does not answer."""
        name = self["CLUSTER"]
        self.shell.do("aws", "eks", "update-kubeconfig", "--name", name, "--region", self["REGION"], "--alias", name)
        try:
            self.shell.ask(*self.kubectl("get", "--raw", "/readyz"), assume="ok")
        except CommandFailed as error:
            raise Stop(
                f"The cluster {name} does not answer: is your address among `admin_networks` of k8s/eks, and your role "
                f"among `admin_roles`?\n  {error.said}"
            ) from error

    def kubectl(self, *arguments: str) -> tuple[str, ...]:
        """A command for this cluster, whatever else kubectl is set to."""
        return ("kubectl", "--context", self["CLUSTER"], *arguments)

    def is_pushed(self, name: str, *, assume: bool = False) -> bool:
        """Whether the registry has this version of an image. Raises: CommandFailed: it cannot be asked."""
        command = ("aws", "ecr", "describe-images", "--region", self["REGION"], "--repository-name", name)
        command += ("--image-ids", f"imageTag={self.tag}", "--query", "imageDetails[0].imageDigest", "--output", "text")
        try:
            return bool(self.shell.ask(*command, assume="sha256:assumed" if assume else ""))
        except CommandFailed as error:
            if "ImageNotFoundException" in error.said:
                return False
            raise
