"""Lists on a terminal, without lines."""

from collections.abc import Sequence

from rich.table import Table

from cloud.cli.display import plain


def table_of(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Columns under their heads; long cells are folded, and words of users are no markup."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    return table
