"""What is applied: the overlay with one version's tag, in the order in which it must come.

The documents are cut by their `---` and only their kind and name are read, so that no YAML parser is needed here;
kustomize writes them always in the same way.
"""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from target import ROOT, Target

OVERLAY = Path("k8s/overlays/eks")
# What runs, and what counts or exposes what runs, comes after the migrations; what it needs, before.
_AFTERWARDS = frozenset({"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress"})


@dataclass(frozen=True)
class Document:
    """One Kubernetes object, as text."""

    kind: str
    name: str
    namespace: str
    text: str


@dataclass(frozen=True)
class Plan:
    """The objects of a release: what comes first, the migrations, what comes last."""

    before: tuple[Document, ...]
    migration: Document | None
    after: tuple[Document, ...]

    @classmethod
    def of(cls, text: str) -> "Plan":
        """The objects of a rendered overlay."""
        documents = [_read(part) for part in re.split(r"^---\s*$", text, flags=re.MULTILINE) if part.strip()]
        jobs = [one for one in documents if one.kind == "Job"]
        return cls(
            before=tuple(one for one in documents if one.kind not in _AFTERWARDS and one.kind != "Job"),
            migration=jobs[0] if jobs else None,
            after=tuple(one for one in documents if one.kind in _AFTERWARDS),
        )

    @property
    def deployments(self) -> tuple[Document, ...]:
        """What a roll-out is waited for."""
        return tuple(one for one in self.after if one.kind == "Deployment")


def stream(documents: tuple[Document, ...]) -> str:
    """Documents as kubectl takes them."""
    return "---\n".join(one.text.strip() + "\n" for one in documents)


def render(target: Target) -> str:
    """The overlay with the target's settings, from a copy: no file of the repository is changed. Raises: Stop."""
    with tempfile.TemporaryDirectory(prefix="prompt2mesh-") as folder:
        copy = Path(folder) / "k8s"
        shutil.copytree(ROOT / "k8s", copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars"))
        lines = [f"{name}={value}\n" for name, value in target.settings.items()]
        (Path(folder) / OVERLAY / "settings.env").write_text("".join(lines))
        rendered = target.shell.ask("kubectl", "kustomize", str(Path(folder) / OVERLAY), shown=False)
    return rendered + "\n"


def _read(text: str) -> Document:
    def first(pattern: str) -> str:
        found = re.search(pattern, text, flags=re.MULTILINE)
        return found[1].strip("\"'") if found else ""

    # In an object's own metadata, and nowhere else, these two are indented by two blanks.
    metadata = re.search(r"^metadata:\n((?: .*\n|\n)+)", text, flags=re.MULTILINE)
    inside = metadata[1] if metadata else ""
    name = re.search(r"^ {2}name: (\S+)", inside, flags=re.MULTILINE)
    namespace = re.search(r"^ {2}namespace: (\S+)", inside, flags=re.MULTILINE)
    return Document(
        kind=first(r"^kind: (\S+)"),
        name=name[1].strip("\"'") if name else "",
        namespace=namespace[1].strip("\"'") if namespace else "",
        text=text.strip("\n") + "\n",
    )
