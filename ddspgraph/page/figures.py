"""The charts of the page as matplotlib figures."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.diagnostics import clean, fail
from ddspgraph.installation import install_command
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Signal
from ddspgraph.page.axes import Axis
from ddspgraph.page.charts import NO_LEVEL, Chart, Image, Lines
from ddspgraph.page.png import data_uri, palette
from ddspgraph.page.views import View, type_of, view

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCHES, _CHART_INCHES = 7.0, 1.9
_WAVE_COLOUR, _FLAG_COLOUR = "#1b5e94", "#9a3412"


class Figures(dict[str, Any]):
    """`matplotlib.figure.Figure` by the name of its signal; a notebook shows all of them."""

    def _repr_html_(self) -> str:
        import io

        shown = []
        for name, figure in self.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=100)
            uri = data_uri("image/png", buffer.getvalue())
            shown.append(f'<img src="{uri}" alt="{html.escape(clean(name), quote=True)}">')
        return "<div>" + "<br>".join(shown) + "</div>"


def figures(signals: Mapping[str, Any], types: Mapping[str, Signal], clock: Clock) -> Figures:
    """One figure for each signal. Raises GraphError E608 where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise fail("E608", "plots need the package matplotlib", hint=install_command("plot")) from None
    found = Figures()
    for name, value in signals.items():
        array = np.asarray(value)
        found[name] = _figure(Figure, name, view(name, array, types.get(name) or type_of(array), clock))
    return found


def _figure(figure_class: type[Figure], name: str, shown: View) -> Figure:
    """Charts above one another under the name; few numbers are written out; flags stand below the name."""
    count = max(1, len(shown.charts))
    flags = [f"{flag.word}: {flag.text}" for flag in shown.flags]
    height = 0.5 + 0.2 * len(flags) + _CHART_INCHES * count * (1.0 if shown.charts else 0.4)
    figure = figure_class(figsize=(_WIDTH_INCHES, height), layout="constrained")
    figure.suptitle(_plain(clean(name)), fontweight="bold", fontsize=11, x=0.01, ha="left")
    for i, chart in enumerate(shown.charts):
        axes = figure.add_subplot(count, 1, i + 1)
        _draw(figure, axes, chart)
        if i == 0 and flags:
            axes.set_title("\n".join(map(_plain, flags)), fontsize=8, color=_FLAG_COLOUR, loc="left")
    if not shown.charts:
        lines = [shown.numbers, *flags]
        figure.text(0.02, 0.1, "\n".join(map(_plain, lines)), fontsize=11, va="bottom", wrap=True)
    return figure


def _draw(figure: Figure, axes: Axes, chart: Chart) -> None:
    if isinstance(chart, Image):
        _draw_image(figure, axes, chart)
    else:
        _draw_lines(axes, chart)
    _label(axes, chart)


def _draw_lines(axes: Axes, chart: Lines) -> None:
    for i, band in enumerate(chart.bands):
        count = len(band.low)
        x = chart.x.low + (np.arange(count) + 0.5) / count * (chart.x.high - chart.x.low)
        colour = _WAVE_COLOUR if len(chart.bands) == 1 else f"C{i % 10}"
        if band.low is band.high:
            axes.plot(x, band.high, color=colour, linewidth=1.0, label=band.name)
        else:
            axes.fill_between(x, band.low, band.high, color=colour, linewidth=0.4, label=band.name)
    if 1 < len(chart.bands) <= 4:
        axes.legend(fontsize=7, loc="upper right")
    axes.grid(axis="y", linewidth=0.4, alpha=0.5)


def _draw_image(figure: Figure, axes: Axes, chart: Image) -> None:
    from matplotlib.colors import ListedColormap

    rows, columns = chart.levels.shape
    x = np.linspace(chart.x.low, chart.x.high, columns + 1)
    y_ends = (chart.y.low, chart.y.high)
    y = np.geomspace(*y_ends, rows + 1) if chart.y.is_log else np.linspace(*y_ends, rows + 1)
    values = chart.low + chart.levels / (NO_LEVEL - 1) * (chart.high - chart.low)
    colours = ListedColormap(palette()[:NO_LEVEL] / 255.0)
    masked = np.ma.masked_where(chart.levels == NO_LEVEL, values)
    mesh = axes.pcolormesh(x, y, masked, cmap=colours, vmin=chart.low, vmax=chart.high, rasterized=True)
    axes.set_facecolor("#808080")
    bar = figure.colorbar(mesh, ax=axes, pad=0.01)
    bar.set_label(chart.unit, fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _label(axes: Axes, chart: Chart) -> None:
    if chart.y.is_log:
        axes.set_yscale("log")
    axes.set_xlim(chart.x.low, chart.x.high)
    axes.set_ylim(chart.y.low, chart.y.high)
    for axis, shown in ((axes.xaxis, chart.x), (axes.yaxis, chart.y)):
        _ticks(axis, shown)
    axes.set_xlabel(chart.x.label, fontsize=8)
    is_channels = isinstance(chart, Image) and not chart.y.is_log
    about = chart.y.label if is_channels else " in ".join(filter(None, (chart.title, chart.y.label)))
    axes.set_ylabel(_plain(about), fontsize=8)


def _ticks(axis: Any, shown: Axis) -> None:
    axis.set_ticks([value for value, _ in shown.ticks], [label for _, label in shown.ticks], fontsize=8)
    axis.set_ticks([], minor=True)


def _plain(text: str) -> str:
    """Names come from strangers: `$` would begin a formula."""
    return text.replace("$", r"\$")
