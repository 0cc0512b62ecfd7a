"""Pieces of a plain HTML page that reads well at any width and needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; color: #222;
  background: #fff; font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
p { margin: .5rem 0; color: #444; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem;
  margin: 0; }
dl div { border-left: 3px solid #0072b2; padding: .1rem .7rem; }
dt { font-size: 1.5rem; font-variant-numeric: tabular-nums; }
dd { margin: 0; color: #555; font-size: .85rem; line-height: 1.35; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid #ddd;
  vertical-align: top; font-variant-numeric: tabular-nums; }
th { border-bottom: 2px solid #222; }
svg { display: block; width: 100%; max-width: 32rem; height: auto; margin: .8rem 0; }
svg text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #222; }
tbody th { border-bottom: 1px solid #ddd; font-weight: 500; }
"""


def page(title: str, sections: Sequence[str]) -> str:
    """Return a whole page; `sections` are HTML already."""
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def section(title: str, body: str) -> str:
    """Return a section; `body` is HTML already."""
    return f"<section><h2>{escape(title)}</h2>\n{body}</section>"


def tiles(pairs: Sequence[tuple[str, str]]) -> str:
    """Return large numbers, each with the words that say what it counts."""
    inner = "".join(
        f"<div><dt>{escape(value)}</dt><dd>{escape(what)}</dd></div>" for value, what in pairs
    )
    return f"<dl>{inner}</dl>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column names the rows; it scrolls sideways where it must."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>\n"
        for first, *rest in rows
    )
    head_and_body = f"<thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody>"
    return f'<div class="wide"><table>{head_and_body}</table></div>'


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{escape(text)}</p>"
