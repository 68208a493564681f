"""How an entry of the API is written for a model: complete, and in few characters."""

from typing import Any

FULL_LIMIT_CHARS = 1_300
_REST_LIMIT_CHARS = 900
_METHODS_LIMIT_CHARS = 400
_LINE_LIMIT_CHARS = 130
_ITEMS_IN_LINE = 8


def one_line(entry: dict[str, Any], member: str = "") -> str:
    """What a thing is, in one short line."""
    if not member:
        text = entry.get("d") or entry.get("l") or entry.get("s", "")
        return text.split("\n")[0][:_LINE_LIMIT_CHARS]
    prop, _ = _found(entry, member)
    if prop is None:
        return ""
    return (prop["s"] if "s" in prop else _typed(prop, _ITEMS_IN_LINE))[:_LINE_LIMIT_CHARS]


def described(entry: dict[str, Any], member: str = "") -> str:
    """The thing in full."""
    if member:
        return _member_in_full(entry, member)
    if entry["k"] == "py":
        return _python_in_full(entry)
    if entry["k"] == "op":
        return _operator_in_full(entry)
    return _class_in_full(entry)


def _found(entry: dict[str, Any], member: str) -> tuple[dict[str, Any] | None, str]:
    """A property, function or socket of the entry, and how code reaches it."""
    for key, title in (("in", "inputs"), ("out", "outputs")):
        for socket in entry.get(key, ()):
            if member == f'{title}["{socket["n"]}"]':
                return socket, f"{entry['n']}.{member}"
    for prop in (*entry.get("p", ()), *entry.get("f", ())):
        if prop["n"] == member:
            return prop, f"{entry['n']}({member}=…)" if entry["k"] == "op" else f"{entry['n']}.{member}"
    return None, entry["n"]


def _member_in_full(entry: dict[str, Any], member: str) -> str:
    prop, path = _found(entry, member)
    if prop is None:
        return described(entry)
    about = f"\n{prop['d']}" if prop.get("d") else ""
    if "s" in prop:
        return f"{entry['n']}.{prop['s']}{about}"
    return f"{path}: {_typed(prop, 200)}{about}"


def _typed(prop: dict[str, Any], items_at_most: int) -> str:
    """Type, default, range, items: `float = 0.5 (0..1)`."""
    items, kind = prop.get("e") or [], prop["t"]
    if items:
        shown = "|".join(items[:items_at_most]) + (f"|… {len(items)} in all" if len(items) > items_at_most else "")
        kind = f"{kind} {shown}"
    text = kind + (f" = {prop['v']!r}" if prop.get("v") is not None else "")
    low, high = prop.get("r") or (None, None)
    if low is not None or high is not None:
        text += f" ({low:g}..{high:g})" if low is not None and high is not None else _one_bound(low, high)
    return text + (" read-only" if prop.get("ro") and "[" not in kind[:1] else "")


def _one_bound(low: float | None, high: float | None) -> str:
    return f" (>={low:g})" if low is not None else f" (<={high:g})"


def _python_in_full(entry: dict[str, Any]) -> str:
    owner, _, last = entry["n"].rpartition(".")
    signature = entry["s"]
    written = f"{owner}.{signature}" if signature.startswith(last) else f"{entry['n']} {signature}"
    return written + (f"\n{entry['d']}" if entry.get("d") else "")


def _operator_in_full(entry: dict[str, Any]) -> str:
    head = f"{entry['n']}(…) [{entry['l']}] {entry['d']}"
    return "\n".join([head, *_listed(entry["p"], entry["n"])])


def _class_in_full(entry: dict[str, Any]) -> str:
    base = f"({entry['b']})" if entry["b"] else ""
    lines = [f"class {entry['n']}{base} [{entry['l']}] {entry['d']}".rstrip()]
    if entry.get("how"):
        lines.append(f"make: {entry['how']}")
    for key, title in (("in", "inputs"), ("out", "outputs")):
        if entry.get(key):
            lines.append(f"{title}:")
            lines += [f"- {_socket_line(socket)}" for socket in entry[key]]
    if entry["p"]:
        lines.append("properties:")
        lines += _listed(entry["p"], entry["n"], max(400, FULL_LIMIT_CHARS - sum(map(len, lines))))
    functions = [function["s"] for function in entry["f"] if not function["n"].endswith("_template")]
    if "in" in entry:
        functions = [text for text in functions if not text.startswith(("is_registered_node_type", "draw_", "poll"))]
    if functions:
        text = "; ".join(functions)
        short = "; ".join(f"{function['n']}()" for function in entry["f"])
        lines.append(f"methods: {text if len(text) < _METHODS_LIMIT_CHARS else short[:_REST_LIMIT_CHARS]}")
    return "\n".join(lines)


def _socket_line(socket: dict[str, Any]) -> str:
    identifier = f" (id {socket['id']})" if socket.get("id") else ""
    return f"{socket['n']}{identifier}: {_typed(socket, 20)}" + (" [off by default]" if socket.get("off") else "")


def _listed(props: list[dict[str, Any]], owner: str, room: int = FULL_LIMIT_CHARS) -> list[str]:
    """Lines of properties: with what they are for if there is room, else by type, the rest by name alone."""
    full = [_line(prop, 30) + (f" # {prop['d'][:90]}" if prop.get("d") else "") for prop in props]
    if sum(map(len, full)) <= room * 2 // 3:
        return full
    lines: list[str] = []
    for position, prop in enumerate(props):
        line = _line(prop, 30)
        if sum(map(len, lines)) + len(line) > room:
            rest = ", ".join(other["n"] for other in props[position:])
            cut = rest[:_REST_LIMIT_CHARS].rsplit(", ", 1)[0] + " …" if len(rest) > _REST_LIMIT_CHARS else rest
            return [*lines, f"and (ask {owner}.<name>): {cut}"]
        lines.append(line)
    return lines


def _line(prop: dict[str, Any], items: int) -> str:
    return f"- {prop['n']}: {_typed(prop, items)}"
