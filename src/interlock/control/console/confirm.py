"""Asking before what cannot be taken back, or weighs on somebody at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request, Response

from interlock.control.console.pages import page


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the form that is sent where the answer is yes."""

    asked: str
    told: str
    answer: str
    action: str
    fields: Mapping[str, str]
    back: str


def confirm(request: Request, question: Question) -> Response:
    """Ask, and do nothing yet."""
    return page(request, "confirm.html", question=question)
