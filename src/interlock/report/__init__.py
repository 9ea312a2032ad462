"""A release record as text, Markdown, HTML, JSON and JUnit; one file per format."""
