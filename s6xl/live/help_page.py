"""The page that the button Help opens: the documentation of the add-in, as HTML."""

import re
from pathlib import Path

import platformdirs
from markdown_it import MarkdownIt

from s6xl.shipped import shipped

_HTML = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>S6 in Excel</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1f2937; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border: 1px solid #d1d5db; padding: .3rem .6rem; text-align: left; vertical-align: top; }}
th, pre {{ background: #f3f4f6; }}
code, pre {{ font-family: Consolas, Menlo, monospace; font-size: .9em; }}
pre {{ padding: .6rem; }}
</style>
{body}
</html>
"""


def write_help_page() -> Path:
    """Write the page into the user's cache; returns where it is."""
    text = shipped("docs/excel.md").read_text(encoding="utf-8")
    # Other pages do not lie beside this one: a link to one becomes its name.
    text = re.sub(r"\[([\w.]+\.md)\]\(\1\)", r"docs/\1", text)
    body = MarkdownIt("commonmark").enable("table").render(text)
    page = platformdirs.user_cache_path("s6xl", appauthor=False, ensure_exists=True) / "help.html"
    page.write_text(_HTML.format(body=body), encoding="utf-8")
    return page
