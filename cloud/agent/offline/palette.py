"""Colour words and materials of the offline modeller. Pure Python: the backend imports it, Blender never does."""

from dataclasses import dataclass
from typing import Any

Rgb = tuple[float, float, float]
"""Linear RGB, each 0..1, as Blender's shader sockets take it."""


def linear_from_hex(hex_srgb: str) -> Rgb:
    """Linear RGB of `#rrggbb` given in sRGB."""
    channels = [int(hex_srgb.lstrip("#")[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return (round(red, 4), round(green, 4), round(blue, 4))


_HEX: dict[str, str] = {
    "red": "#c81e1e", "scarlet": "#d32410", "crimson": "#a80f2e", "maroon": "#6b1220", "burgundy": "#661326",
    "ruby": "#a3093c", "rose": "#e0577f", "pink": "#ee86ad", "salmon": "#f08a76", "coral": "#f2704f",
    "magenta": "#c2199a", "fuchsia": "#d11fa8", "purple": "#6f2da8", "violet": "#7c45d8", "lilac": "#b79ad9",
    "lavender": "#b6a6e6", "plum": "#6d2b62", "mauve": "#a5789c", "indigo": "#3a2a94", "navy": "#14234f",
    "blue": "#1e52c8", "royal blue": "#2346c4", "sky blue": "#6db7ea", "azure": "#2a86e0", "cobalt": "#1644a6",
    "turquoise": "#28bfb4", "teal": "#127a78", "cyan": "#1fb9d1", "aqua": "#35c4cc", "mint": "#8fdcb4",
    "green": "#2b8a2f", "lime": "#8ac926", "olive": "#6b6b23", "emerald": "#0d8a55", "forest green": "#1e5128",
    "sage": "#8ea583", "yellow": "#f2c511", "mustard": "#c99a1c", "amber": "#f0960c", "gold": "#d9a521",
    "golden": "#d9a521", "orange": "#ec6d12", "peach": "#f7b48c", "apricot": "#f5a566", "brown": "#6e4424",
    "chocolate": "#4b2a17", "chestnut": "#7b3a22", "tan": "#c39a6b", "beige": "#dccbab", "khaki": "#a89a63",
    "cream": "#f3e7c9", "ivory": "#f5f0de", "white": "#f0f0ee", "silver": "#c4c7cb", "grey": "#7f8388",
    "gray": "#7f8388", "charcoal": "#35393e", "black": "#141416", "copper": "#b5693c", "bronze": "#8f6a33",
    "rust": "#98421b",
}  # fmt: skip

COLOURS: dict[str, Rgb] = {word: linear_from_hex(code) for word, code in _HEX.items()}
"""Colour words, some of two words. `dark`, `light`, `bright`, `pale`, … before them: see `colour`."""

SHADES: tuple[str, ...] = ("dark", "deep", "light", "pale", "pastel", "bright", "vivid")


def colour(words: str) -> Rgb | None:
    """Linear RGB of "red", "dark red", "light sky blue", "very pale green"; None where a word is unknown."""
    text = " ".join(words.lower().replace("-", " ").split())
    if text in COLOURS:
        return COLOURS[text]
    first, _, rest = text.partition(" ")
    if first == "very" and rest:
        shade = rest.split(" ")[0]
        base = colour(rest)
        return _shaded(shade, base) if base is not None else None
    base = colour(rest) if rest and first in SHADES else None
    return _shaded(first, base) if base is not None else None


def _shaded(shade: str, base: Rgb) -> Rgb:
    """`base` made darker, lighter or more vivid; unchanged for a word that is no shade."""
    red, green, blue = base
    if shade in ("dark", "deep"):
        factor = 0.32 if shade == "dark" else 0.5
        return (red * factor, green * factor, blue * factor)
    if shade in ("light", "pale", "pastel"):
        white = 0.38 if shade == "light" else 0.6
        return (red + (0.9 - red) * white, green + (0.9 - green) * white, blue + (0.9 - blue) * white)
    if shade in ("bright", "vivid"):
        grey, gain = min(base) * 0.7, 0.85 / max(max(base), 1e-6)
        gain = max(1.0, gain)
        return (
            max(0.0, (red - grey) * gain),
            max(0.0, (green - grey) * gain),
            max(0.0, (blue - grey) * gain),
        )
    return base


@dataclass(frozen=True)
class MaterialSpec:
    """How a material looks. `words`: what a user may call it, as noun or adjective."""

    key: str
    words: tuple[str, ...]
    color: Rgb
    metallic: float = 0.0
    roughness: float = 0.5
    transmission: float = 0.0
    alpha: float = 1.0
    emission: float = 0.0
    pattern: str = "none"

    def slot(self, colour_words: str = "") -> dict[str, Any]:
        """The plain dict that `material()` in `blender_code` takes, tinted where `colour_words` is a known colour."""
        tint = colour(colour_words) if colour_words else None
        words = colour_words.lower() if tint is not None and colour_words.lower() != self.key else ""
        return {
            "name": f"{words} {self.key}".strip().title(),
            "color": tint or self.color,
            "metallic": self.metallic,
            "roughness": self.roughness,
            "transmission": self.transmission,
            "alpha": self.alpha,
            "emission": self.emission,
            "pattern": self.pattern,
        }


def _spec(key: str, words: str, hex_srgb: str, **look: Any) -> MaterialSpec:
    return MaterialSpec(key, tuple(words.split(",")), linear_from_hex(hex_srgb), **look)


_SPECS: tuple[MaterialSpec, ...] = (
    _spec("wood", "wood,wooden,timber,plywood", "#a06a3c", roughness=0.55, pattern="wood"),
    _spec("dark wood", "dark wood,dark wooden,mahogany,ebony", "#4a2a18", roughness=0.5, pattern="wood"),
    _spec("light wood", "light wood,light wooden,birch,beech,maple,bamboo", "#cfa878", roughness=0.55, pattern="wood"),
    _spec("oak", "oak,oaken", "#ab7f4b", roughness=0.55, pattern="wood"),
    _spec("pine wood", "pine wood,pinewood,spruce wood", "#c99a5e", roughness=0.6, pattern="wood"),
    _spec("walnut", "walnut,teak,cherry wood", "#5d3b24", roughness=0.5, pattern="wood"),
    _spec("metal", "metal,metallic,aluminium,aluminum,tin", "#a9adb3", metallic=1.0, roughness=0.32),
    _spec("steel", "steel,stainless steel,titanium", "#8f959c", metallic=1.0, roughness=0.28),
    _spec("chrome", "chrome,chromed,mirror", "#d4d7da", metallic=1.0, roughness=0.06),
    _spec("iron", "iron,cast iron,wrought iron", "#3c3f43", metallic=1.0, roughness=0.55, pattern="noise"),
    _spec("rusty metal", "rusty,rusted,rusty metal", "#7a3d1d", metallic=0.6, roughness=0.85, pattern="noise"),
    _spec("gold", "gold,golden,gilded", "#e8b33c", metallic=1.0, roughness=0.22),
    _spec("silver", "silver,silvery", "#d2d5d9", metallic=1.0, roughness=0.2),
    _spec("copper", "copper", "#c9764a", metallic=1.0, roughness=0.28),
    _spec("bronze", "bronze", "#94672f", metallic=1.0, roughness=0.35),
    _spec("brass", "brass,brazen", "#c9a24a", metallic=1.0, roughness=0.28),
    _spec("glass", "glass,glassy,transparent", "#eaf4f4", roughness=0.03, transmission=1.0),
    _spec("crystal", "crystal,crystalline", "#d5ecf7", roughness=0.02, transmission=1.0),
    _spec("stone", "stone,rocky,rock,granite,slate,cobblestone", "#86837c", roughness=0.85, pattern="stone"),
    _spec("sandstone", "sandstone,limestone", "#c9ac7d", roughness=0.9, pattern="stone"),
    _spec("masonry", "masonry,stone block,stone blocks", "#8d897f", roughness=0.9, pattern="brick"),
    _spec("marble", "marble,alabaster", "#e4e1da", roughness=0.18, pattern="marble"),
    _spec("brick", "brick,bricks", "#93452f", roughness=0.9, pattern="brick"),
    _spec("roof tiles", "tile,tiled,tiles", "#9c4326", roughness=0.8, pattern="noise"),
    _spec("concrete", "concrete,cement", "#96948f", roughness=0.9, pattern="noise"),
    _spec("asphalt", "asphalt,tarmac", "#2b2c2e", roughness=0.95, pattern="noise"),
    _spec("plaster", "plaster,plastered,stucco", "#e6dfd1", roughness=0.9, pattern="noise"),
    _spec("paint", "painted,paint,lacquered,enamel", "#e4e3df", roughness=0.4),
    _spec("car paint", "car paint,glossy,shiny", "#b3131b", metallic=0.25, roughness=0.18),
    _spec("ceramic", "ceramic,glazed", "#ece7dd", roughness=0.22),
    _spec("porcelain", "porcelain,china", "#f4f2ee", roughness=0.12),
    _spec("terracotta", "terracotta,clay,earthenware,earthen", "#b5633c", roughness=0.85, pattern="noise"),
    _spec("plastic", "plastic,vinyl", "#d8d8d6", roughness=0.38),
    _spec("rubber", "rubber", "#1d1d1f", roughness=0.85),
    _spec("leather", "leather", "#6b3a20", roughness=0.5, pattern="noise"),
    _spec("fabric", "fabric,cloth,textile,cotton,linen,canvas,woollen,woolen,wool,silk,velvet", "#8695a6",
          roughness=0.95, pattern="fabric"),
    _spec("paper", "paper,cardboard,papery", "#efe9da", roughness=0.9),
    _spec("snow", "snow,snowy", "#f2f6fa", roughness=0.7, pattern="noise"),
    _spec("ice", "ice,icy,frozen", "#cbe6f2", roughness=0.08, transmission=0.7, pattern="noise"),
    _spec("leaf", "leafy,foliage", "#3d7a2a", roughness=0.65),
    _spec("grass", "grassy", "#4f8f2c", roughness=0.8),
    _spec("needles", "needles", "#1f5a33", roughness=0.75),
    _spec("bark", "bark", "#5b4029", roughness=0.95, pattern="bark"),
    _spec("soil", "soil,earth,dirt,mud,muddy", "#4a3322", roughness=1.0, pattern="noise"),
    _spec("petal", "petal,petals", "#e2527f", roughness=0.6),
    _spec("wax", "wax,waxen", "#f1e3c0", roughness=0.45),
    _spec("water", "water,watery", "#7fb4cc", roughness=0.04, transmission=0.9),
    _spec("sand", "sand,sandy", "#dcc08a", roughness=1.0, pattern="noise"),
    _spec("skin", "skin", "#d9a184", roughness=0.6),
    _spec("bread", "bread,dough,waffle", "#c98f4a", roughness=0.8, pattern="noise"),
    _spec("cream", "icing,frosting", "#f6ead6", roughness=0.45),
    _spec("chocolate", "chocolate", "#3f2213", roughness=0.35),
    _spec("peel", "peel", "#e07b1a", roughness=0.45),
    _spec("bone", "bone,ivory material", "#e8dfc8", roughness=0.5),
    _spec("screen", "screen", "#10202f", roughness=0.12, emission=0.35),
    _spec("flame", "flame,fire,fiery", "#ffb13d", roughness=0.5, emission=6.0),
    _spec("light", "glowing,luminous,lit", "#ffe3ae", roughness=0.4, emission=3.0),
    _spec("neon", "neon", "#25e6d1", roughness=0.3, emission=5.0),
)  # fmt: skip

MATERIALS: dict[str, MaterialSpec] = {spec.key: spec for spec in _SPECS}


def slot_material(text: str) -> dict[str, Any]:
    """The dict for a default of the catalogue: `"wood"`, or with a colour `"plastic:dark red"`.

    Raises: KeyError: no such material.
    """
    key, _, tint = text.partition(":")
    return MATERIALS[key].slot(tint)
