"""A release record as text, Markdown, HTML, JSON and JUnit; one file per format."""

from interlock.report.html import as_html
from interlock.report.json import as_json
from interlock.report.junit import as_junit
from interlock.report.markdown import as_markdown
from interlock.report.text import as_text

__all__ = ["as_html", "as_json", "as_junit", "as_markdown", "as_text"]
