"""What a person wants built in one go, as a body that the API takes, and what it would come to. No Streamlit here."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.api_client import ApiClient
from ui.api_types import Batch, Detail, Models, Quality
from ui.batch_calls import BatchPreview
from ui.money import money
from ui.wording import count, shortened

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".json": "application/json",
}
FILE_ENDINGS = tuple(ending.removeprefix(".") for ending in MEDIA_TYPES)
_CELL_CHARS = 300
_PAYS = {"user": "Your own Claude key pays", "system": "This server pays"}


@dataclass(frozen=True)
class BatchOrder:
    """Prompts as they were typed or uploaded. `quality` and `detail` hold where the prompts say nothing themselves."""

    content: bytes
    media_type: str
    name: str = ""
    quality: Quality | None = None
    detail: Detail | None = None

    def preview(self, client: ApiClient) -> BatchPreview:
        """How the API reads it. Raises: ClientError: it cannot; the sentence names the line."""
        return client.preview_batch(self.content, self.media_type, quality=self.quality, detail=self.detail)

    def send(self, client: ApiClient, key: str) -> Batch:
        """Have it built; with the same `key` once. Raises: ClientError: nothing has been made then."""
        return client.send_batch_file(
            self.content,
            self.media_type,
            name=self.name.strip() or None,
            quality=self.quality,
            detail=self.detail,
            key=key,
        )


def media_type_of(file_name: str) -> str:
    """By how the name ends; one prompt a line, where that says nothing."""
    return MEDIA_TYPES.get("." + file_name.rpartition(".")[2].lower(), "text/plain")


def cost_of(preview: BatchPreview, models: Models) -> str:
    """What the batch may cost and who pays, in a sentence."""
    prompts = count(preview["total"], "prompt")
    payer = _PAYS.get(models["billed_to"])
    if payer is None:
        return f"{prompts}. No Claude key is set, so the offline modeller builds them: it costs nothing."
    return f"{prompts}. {payer}: at most {money(preview['most_usd'])} for all of them together, mostly far less."


def rows_of(preview: BatchPreview) -> list[dict[str, str]]:
    """The prompts as a table. What is the same for all, or the usual, has no column."""
    items = preview["items"]
    columns = {"Prompt": [shortened(item["prompt"], _CELL_CHARS) for item in items]}
    others = {
        "Project": [item["name"] for item in items],
        "Quality": [item["quality"] or "" for item in items],
        "Brief": [item["detail"] or "" for item in items],
        "Model": [item["model"] or "" for item in items],
        "Formats": [", ".join(item["formats"]) for item in items],
        "Budget": [money(item["max_usd"]) if item["max_usd"] else "" for item in items],
    }
    columns |= {title: cells for title, cells in others.items() if _tells(title, cells, columns["Prompt"])}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _tells(title: str, cells: Sequence[str], prompts: Sequence[str]) -> bool:
    """Whether the column says more than the prompts and the form do."""
    if title == "Project":
        return list(cells) != list(prompts)
    return len(set(cells)) > 1 if title in {"Quality", "Brief"} else any(cells)
