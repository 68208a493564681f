"""`lookup`: answers about the API of the Blender that runs, from the index that a child made of itself.

Exact names (`bpy.ops.mesh.bevel`, `BevelModifier.width`, `bpy.data.objects.new`) give the whole signature;
anything else is searched by its words, misspelt or not; old names are told with what they are now.
No bpy, no network, nothing is read from a disk here.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cloud.blender.lookup_names import Names, Place
from cloud.blender.lookup_search import WordIndex, words_of
from cloud.blender.lookup_text import described, one_line
from cloud.blender.renames import RENAMES, Rename, renames_of
from cloud.errors import InvalidInput

QUERY_LIMIT_CHARS = 200
INDEX_LIMIT_BYTES = 64 * 2**20
DEFAULT_LIMIT = 5
_LIMIT = 20

# Parts of the API that no script which builds a scene asks for; they are found by their exact names.
_RARE = re.compile(
    r"(Theme|Preferences|Key(Map|Config|ing)|UI|Space|wm|UserPref|Region|RNA|Addon|UserExtension|AnimViz|Movie|Clip"
    r"|\w+Texture$|TextureNode|Compositor|Strip|Sequence|Line[sS]tyle|GPencil|GreasePencil|Asset|Freestyle|\w+SheetS)"
    r"|bpy\.ops\.(screen|ui|view2d|buttons|console|info|text|file|outliner|gizmogroup|preferences|extensions"
    r"|workspace|script|clip|mask|paintcurve|asset|anim|camera|sequencer|graph|nla|action|marker|ed|cachefile|gpencil"
    r"|grease_pencil|pose|poselib|sculpt_curves|dpaint|fluid|ptcache|paint|sculpt|import_anim|export_anim|brush)\."
)
_COMMON = re.compile(
    r"bpy\.ops\.(object|mesh)\.|bmesh\.ops\.|(Object|Mesh|Material|Camera|\w*Light|Scene|World|Collection|Curve|TextCurve)$"
    r"|(?!Grease)\w+Modifier$|ShaderNodeBsdfPrincipled$|GeometryNodeDistributePointsOnFaces$|ShaderNodeTexNoise$"
)
_IDENTIFIER = re.compile(r"\w*_\w*|[A-Z]\w*[A-Z]\w*|[A-Z]\w{5,}")
_ASKS_FOR_PARTS = re.compile(r"(.+?)\s(?:properties|props|parameters|params|args|arguments|methods|functions|type)$")
_ITEMS_AT_MOST = 100  # of an enum, to be found by; all icons have 993
_PLAIN_SHARE = {"op": 0.5, "class": 0.8}


@dataclass(frozen=True)
class LookupAnswer:
    """Text for the model, and the same as data: `{"blender", "query", "exact", "matches": [{"name", "summary"}]}`."""

    text: str
    structured: dict[str, Any]


class ApiIndex:
    """The API of one version of Blender."""

    def __init__(self, lines: list[str]) -> None:
        self.blender: str = json.loads(lines[0])["blender"]
        major, minor = self.blender.split(".")[:2]
        self._version = (int(major), int(minor))
        self._places: list[Place] = []
        self._words = WordIndex()
        self._names = Names(self._read(line) for line in lines[1:])
        self._words.finish()

    def _read(self, line: str) -> tuple[str, str]:
        """Make an entry findable by its words. Returns: its name and its text."""
        entry = json.loads(line)
        for place, weight, title, body in _searchable(entry):
            self._words.add(len(self._places), weight, title, body)
            self._places.append(place)
        return entry["n"], line

    @classmethod
    def from_bytes(cls, data: bytes) -> "ApiIndex":
        """The index that `build_api_index` made. Raises: ValueError: the bytes are no index."""
        decompressor = zlib.decompressobj()
        try:
            raw = decompressor.decompress(data, INDEX_LIMIT_BYTES)
            if not decompressor.eof:
                raise ValueError("it is cut off or too large")
            return cls(raw.decode().split("\n"))
        except (zlib.error, LookupError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"these bytes are no index of Blender's API: {error}") from error

    def answer(self, query: str, limit: int = DEFAULT_LIMIT) -> LookupAnswer:
        """What the API says to the query: the best match in full, the next up to `limit` in a line each.

        Raises: InvalidInput: the query is empty or longer than `QUERY_LIMIT_CHARS`.
        """
        asked = " ".join(query.split())
        if not asked:
            raise InvalidInput("The query is empty; ask for a name or in a few words, e.g. 'bevel modifier'.")
        if len(asked) > QUERY_LIMIT_CHARS:
            raise InvalidInput(f"The query is longer than {QUERY_LIMIT_CHARS} characters; ask for one thing.")
        limit = max(1, min(limit, _LIMIT))
        exact = self._exact(asked)
        renamed = self._renamed(asked, exact)
        replaced = self._replacements(renamed)
        numbers = [] if exact else self._words.search(asked, 4 * limit)
        is_spelt = bool(exact or replaced) or (bool(numbers) and self._words.covers(asked, numbers[0]))
        places = exact or [*dict.fromkeys([*replaced, *(self._places[number] for number in numbers)])]
        whole = places[0].entry if places and not places[0].member else None
        places = [place for place in places if not (place.member and place.entry == whole)][:limit]
        matches = [{"name": place.name, "summary": self._summary(place)} for place in places]
        structured = {"blender": self.blender, "query": asked, "exact": bool(exact), "matches": matches}
        return LookupAnswer(self._text(asked, is_spelt, renamed, places), structured)

    def _summary(self, place: Place) -> str:
        return one_line(self._names.entry(place.entry), place.member)

    def _text(self, asked: str, is_spelt: bool, renamed: list[Rename], places: list[Place]) -> str:
        parts = [
            f"Old: {entry.old}{f' of {entry.owner}' if entry.owner else ''}, gone in "
            f"{entry.since[0]}.{entry.since[1]}: {entry.advice}."
            for entry in renamed[:4]
        ]
        if not places:
            nearest = self._words.nearest(asked)
            words = f" The nearest words: {', '.join(nearest)}." if nearest else ""
            return "\n".join(parts) or f"Nothing in Blender {self.blender} is called {asked!r}.{words}"
        best, *others = places
        if not is_spelt:
            parts.append(f"Nothing is called {asked!r}; the nearest in Blender {self.blender}:")
        parts.append(described(self._names.entry(best.entry), best.member))
        if others:
            parts.append("Also:")
            parts += [f"- {place.name}: {self._summary(place)}"[:150] for place in others]
        return "\n".join(parts)

    def _renamed(self, asked: str, exact: list[Place]) -> list[Rename]:
        """What has become of an old name in the query; of one that is still there, only where it is on its way out."""
        bare = re.sub(r"^bpy\.(ops|types|data)\.|\(.*$", "", asked)
        known = {entry.old.casefold(): entry.old for entry in RENAMES}
        quoted = re.findall(r"['\"](.+?)['\"]", asked)
        spoken = [word for word in asked.split() if _IDENTIFIER.fullmatch(word)]
        for name in (asked, bare, bare.rpartition(".")[2], *quoted, *spoken):
            entries = renames_of(known.get(name.casefold(), name), self._version)
            if exact and "." in asked:
                entries = [entry for entry in entries if Place(entry.owner, entry.old) in exact]
            owned = [entry for entry in entries if entry.owner and entry.owner.casefold() in asked.casefold()]
            if entries:
                return list({entry.advice: entry for entry in owned or entries}.values())
        words = set(words_of(asked)) - {"use"}
        alike = [old for old in known.values() if len(words) > 1 and words == set(words_of(old)) - {"use"}]
        return renames_of(alike[0], self._version) if alike and not exact else []

    def _replacements(self, renamed: list[Rename]) -> list[Place]:
        """What the advice on old names speaks of, where it is in the index."""
        found = []
        for entry in renamed:
            written = [f"{entry.owner}.inputs.{name}" for name in re.findall(r"'([^']+)'", entry.advice)]
            written += re.findall(r"[A-Za-z_]+(?:\.\w+)+|\b[A-Z]\w+", entry.advice)
            written += ["RenderSettings.engine"] if entry.owner == "RenderSettings" else []
            found += [place for name in written if (place := self._names.find(name))]
        return list(dict.fromkeys(found))

    def _exact(self, asked: str) -> list[Place]:
        """The things that have this very name; several where it is the name of a member alone."""
        name = asked.removeprefix("import ").split("(")[0].strip()
        asks_for_parts = _ASKS_FOR_PARTS.match(name)
        for written in (name, *((asks_for_parts[1],) if asks_for_parts else ()), name.replace(" ", ".")):
            if found := self._names.find(written):
                return [found]
        if re.fullmatch(r"[a-z]\w*_\w*", name):
            return sorted(
                (place for place in self._places if place.member == name),
                key=lambda place: (bool(_RARE.match(place.entry)), place.entry.startswith("bpy.ops.")),
            )
        return []


def _searchable(entry: dict[str, Any]) -> Iterator[tuple[Place, float, str, str]]:
    """Each thing of an entry that can be found: its place, weight, title, and what else tells of it."""
    name, label = entry["n"], entry.get("l", "")
    weight = 0.6 if _RARE.match(name) else 1.15 if _COMMON.match(name) else 1.0
    title = f"{name.removeprefix('bpy.ops.').removeprefix('bpy.types.')} {label}"
    choices = [item for prop in entry.get("p", ()) if entry["k"] == "op" for item in prop.get("e", ())[:12]]
    yield Place(name), weight, title, f"{entry.get('d', '')} {' '.join(choices)}"
    for prop in entry.get("p", ()):
        share = _PLAIN_SHARE[entry["k"]]
        items = prop.get("e", ()) if entry["k"] == "class" and len(prop.get("e", ())) <= _ITEMS_AT_MOST else ()
        yield Place(name, prop["n"]), weight * share, f"{title} {prop['n']}", f"{prop.get('d', '')} {' '.join(items)}"
    for function in entry.get("f", ()):
        yield Place(name, function["n"]), weight * 0.85, f"{title} {function['n']}", function.get("d", "")
    for side, key, share in (("inputs", "in", 0.85), ("outputs", "out", 0.5)):
        for socket in entry.get(key, ()):
            place = Place(name, f'{side}["{socket["n"]}"]')
            yield place, weight * share, f"{title} {socket['n']}", entry.get("d", "")
