"""A plan as a page: the plan's data in, one HTML file out that needs nothing else, no network and no scripts.

Every text is escaped. It reads without colours, by keyboard, and in the dark.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from framework.findings import printable
from framework.report.plan import NEXT, SIGNS, Data, beside, field_parts, heading, outlook, place_of, summary, title

_WORDS = {"add": "added", "change": "changed", "move": "moved", "remove": "removed"}
_STYLE = """\
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --ink: #1f2328; --paper: #ffffff; --quiet: #57606a;
  --add: #116329; --change: #7d4e00; --move: #0550ae; --remove: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #161b22; --ink: #e6edf3; --paper: #0d1117; --quiet: #9198a1;
  --add: #56d364; --change: #e3b341; --move: #79c0ff; --remove: #ff7b72; } }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
code { font: 0.875rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
caption { text-align: left; color: var(--quiet); }
th, td { text-align: left; vertical-align: top; border: 1px solid var(--line); padding: 0.3rem 0.6rem; }
details, .change { border: 1px solid var(--line); border-radius: 0.4rem; margin: 0.4rem 0; padding: 0.4rem 0.8rem; }
summary { cursor: pointer; } summary:focus-visible { outline: 3px solid var(--move); outline-offset: 2px; }
.place { color: var(--quiet); }
.add { color: var(--add); } .change-sign { color: var(--change); } .move { color: var(--move); } .remove { color: var(--remove); }
@media print { details { break-inside: avoid; } }
"""


def html(data: Data) -> str:
    """The plan as a page."""
    name = _text(f"Plan of {data['pipeline']}")
    changes = "".join(map(_change, data["changes"])) or "<p>Nothing.</p>\n"
    also = "".join(f"<li>{_code(line)}</li>\n" for line in beside(data))
    rows = [(_text(NEXT[verdict][len(names) > 1]), _code(", ".join(names)), _text(why)) for verdict, names, why in outlook(data)]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{name}</title>
<style>
{_STYLE}</style>
</head>
<body>
<main>
<h1>{_text(heading(data))}</h1>
<p><strong>{_text(summary(data))}</strong></p>
<h2>What changes</h2>
{changes}{f"<h2>What goes with it</h2>{chr(10)}<ul>{chr(10)}{also}</ul>{chr(10)}" if also else ""}<h2>The next execution</h2>
{_table("What becomes of the steps", ("What", "Steps", "Why"), rows)}</main>
</body>
</html>
"""


def _change(change: Data) -> str:
    head = f"{_sign(change['action'])} {_code(title(change))}{_place(change)}"
    if not change["fields"]:
        return f'<div class="change">{head}</div>\n'
    rows = [
        (_sign(action), _code(path), f"{_code(value)}", _place(field))
        for field in change["fields"]
        for action, path, value in [field_parts(field)]
    ]
    table = _table("Its fields", ("How", "Field", "Value", "Where"), rows)
    return f"<details open>\n<summary>{head}</summary>\n{table}</details>\n"


def _table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>\n<caption>{_text(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>\n"


def _sign(action: str) -> str:
    """The sign of an action, and the word for who does not see it."""
    style = "change-sign" if action == "change" else action
    return f'<span class="{style}"><code aria-hidden="true">{_text(SIGNS[action])}</code> {_WORDS[action]}</span>'


def _place(data: Data) -> str:
    place = place_of(data)
    return f' <span class="place">{_code(place)}</span>' if place else ""


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>" if text else ""


def _text(text: str) -> str:
    return escape(printable(text))
