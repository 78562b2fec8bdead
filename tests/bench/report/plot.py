"""Plots: horizontal bars as SVG, by hand: a plotting library would be the largest dependency.

Values that differ by more than `_WIDE` stand on a logarithmic axis, and the title says so.
"""

from __future__ import annotations

from html import escape
from math import log10

from bench.report.result import Bars

_WIDE = 40
_ROW, _LEFT, _WIDTH, _RIGHT, _TOP = 26, 330, 360, 110, 44
_COLOURS = {"publisher": "#2f6f9f", "limit": "#8a8a8a", "naive": "#c2703d"}
_OTHER = "#5f8f5f"
_INK = "#222222"


def svg(bars: Bars) -> str:
    """The plot as a document."""
    values = [max(value, 0.0) for _, value in bars.values]
    most = max(values, default=0.0) or 1.0
    least = min((value for value in values if value > 0), default=most)
    wide = most / least > _WIDE
    title = (
        bars.title + (f" ({bars.unit})" if bars.unit else "") + (", logarithmic" if wide else "")
    )
    height = _TOP + _ROW * len(values) + 12
    width = _LEFT + _WIDTH + _RIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="13" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="26" font-size="15" fill="{_INK}">{escape(title)}</text>',
    ]
    for index, ((name, _), value) in enumerate(zip(bars.values, values, strict=True)):
        lines += _bar(name, value, _TOP + _ROW * index, _length(value, least, most, wide))
    return "\n".join([*lines, "</svg>", ""])


def _bar(name: str, value: float, y: int, length: float) -> list[str]:
    text = f'y="{y + 15}" fill="{_INK}"'
    return [
        f'<text x="{_LEFT - 8}" text-anchor="end" {text}>{escape(name)}</text>',
        f'<rect x="{_LEFT}" y="{y + 2}" width="{length:.1f}" height="{_ROW - 8}" '
        f'fill="{_colour(name)}"/>',
        f'<text x="{_LEFT + length + 6:.1f}" {text}>{_shown(value)}</text>',
    ]


def _length(value: float, least: float, most: float, wide: bool) -> float:
    if value <= 0:
        return 0.0
    if wide:
        floor = log10(least) - 0.3
        return _WIDTH * (log10(value) - floor) / (log10(most) - floor)
    return _WIDTH * value / most


def _colour(name: str) -> str:
    return next((c for word, c in _COLOURS.items() if name.startswith(word)), _OTHER)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
