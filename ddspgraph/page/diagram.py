"""The picture of a graph as an `<svg>` element that the page's script can work with, in the colours of both themes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from ddspgraph.render.dot import dot_of, pin_number
from ddspgraph.render.image import render_dot
from ddspgraph.render.picture import Box, Picture
from ddspgraph.render.theme import DARK, LIGHT, Theme

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PAINTED = ("fill", "stroke")
_END = re.compile(r"(?P<box>\w+)(?::(?P<port>[iob]\d+))?(?::\w+)?")
_TAG = re.compile(r"tag\d+_(?P<box>\w+)")


def diagram(shown: Picture) -> tuple[str, str]:
    """The `<svg>` element, and the rules of CSS that colour it in light and dark.

    Boxes have `data-box`, edges `data-from`, `data-to` and `data-port` (of the box that they leave).

    Raises:
      GraphError: E608 where `dot` is not installed, E607 where it does not end in time.
    """
    theme, colours = _variables()
    bare = dataclasses.replace(shown, name="", clock="")  # the page says them
    root = ElementTree.fromstring(render_dot(dot_of(bare, theme), "svg"))
    boxes = {box.id: box for box in shown.boxes}
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.set("id", "diagram")
    for group in list(root.iter(f"{{{_SVG}}}g")):
        _drop_titles(group)
    for group in list(root.iter(f"{{{_SVG}}}g")):
        kinds = group.get("class", "").split()
        if "node" in kinds:
            _box(group, boxes)
        elif "edge" in kinds:
            _edge(group, boxes)
    for element in root.iter():
        for name in _PAINTED:
            if element.get(name) in colours:
                element.set(name, f"var({colours[element.attrib[name]]})")
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode"), _rules(colours)


def _box(group: ElementTree.Element, boxes: Mapping[str, Box]) -> None:
    """A button: where it leads stands in `data-box`. Its name is what the script tells assistive technology."""
    own = group.attrib.pop("id", "")
    tag = _TAG.fullmatch(own)
    target = tag["box"] if tag else own
    if target in boxes:
        group.set("data-box", target)
        if tag:
            group.set("data-tag", "")


def _edge(group: ElementTree.Element, boxes: Mapping[str, Box]) -> None:
    """An edge with a broad, invisible copy of its line: fingers and mice miss a line of one pixel."""
    group.attrib.pop("id", None)
    ends = [_END.fullmatch(end) for end in group.attrib.pop("data-title", "").split("->")]
    if len(ends) != 2 or None in ends:
        return
    for name, end in zip(("data-from", "data-to"), ends, strict=True):
        tag = _TAG.fullmatch(end["box"])  # type: ignore[index]
        group.set(name, tag["box"] if tag else end["box"])  # type: ignore[index]
    source, port = boxes.get(group.attrib["data-from"]), ends[0]["port"]  # type: ignore[index]
    if source is not None and port is not None and port.startswith("o"):
        numbers = [pin_number(source.outputs, pin.port) for pin in source.outputs]
        group.set("data-port", str(numbers.index(int(port[1:]))))
    for line in group.findall(f"{{{_SVG}}}path"):
        group.append(ElementTree.Element(f"{{{_SVG}}}path", {"class": "reach", "d": line.get("d", ""), "fill": "none"}))


def _drop_titles(group: ElementTree.Element) -> None:
    """Graphviz titles groups with its own identifiers, and wraps boxes that have a doc in a link to nowhere."""
    title = group.find(f"{{{_SVG}}}title")
    if title is not None:
        group.remove(title)
        if group.get("class") == "edge":
            group.set("data-title", title.text or "")
    for inner in list(group):
        if inner.tag == f"{{{_SVG}}}g" and inner.get("id", "").startswith("a_") and len(inner) == 1:
            group.remove(inner)
            group.extend(list(inner[0]))


def _variables() -> tuple[Theme, dict[str, str]]:
    """A theme of colours that no picture has, and the CSS variable that each stands for."""
    slots: dict[tuple[str, str], str] = {}

    def slot(light: str, dark: str) -> str:
        return slots.setdefault((light, dark), f"#0d0d{len(slots):02x}")

    theme = _walk(LIGHT, DARK, slot)
    return theme, {colour: _name(pair) for pair, colour in slots.items()}


def _name(pair: tuple[str, str]) -> str:
    return f"--c-{pair[0][1:]}-{pair[1][1:]}"


def _walk(light: Any, dark: Any, slot: Callable[[str, str], str]) -> Any:
    """Two themes of one structure -> one, each pair of colours replaced."""
    if isinstance(light, str):
        return slot(light, dark) if light.startswith("#") else light
    if isinstance(light, Mapping):
        return {key: _walk(value, dark[key], slot) for key, value in light.items()}
    if dataclasses.is_dataclass(light) and not isinstance(light, type):
        names = [field.name for field in dataclasses.fields(light)]
        return dataclasses.replace(light, **{n: _walk(getattr(light, n), getattr(dark, n), slot) for n in names})
    return light


def _rules(colours: Mapping[str, str]) -> str:
    pairs = [(name, *name.split("-")[3:]) for name in colours.values()]
    light = "".join(f"{name}:#{a};" for name, a, _ in pairs) + f"--paper:{LIGHT.background};"
    dark = "".join(f"{name}:#{b};" for name, _, b in pairs) + f"--paper:{DARK.background};"
    return f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"
