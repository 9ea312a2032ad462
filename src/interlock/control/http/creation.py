"""Creations that a client may repeat: under one Idempotency-Key a thing is created once, and the answer is the same."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from interlock.control.domain import receipts
from interlock.control.domain.receipts import Creation
from interlock.control.http.fields import View
from interlock.control.http.versions import quoted

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from interlock.control.domain.scope import Scope
    from interlock.control.domain.work import UnitOfWork

KEY_PATTERN = r"^[\x21-\x7e]{1,200}$"


async def _creation(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=KEY_PATTERN,
            description="Any text of your own, such as a UUID. The same key within a day creates nothing new.",
        ),
    ] = None,
) -> Creation:
    body = await request.body()
    return Creation(key, sha256(b"\0".join((request.url.path.encode(), body))).hexdigest())


WantedCreation = Annotated[Creation, Depends(_creation)]


async def create_once(
    work: "UnitOfWork[Scope]",
    creation: Creation,
    create: Callable[[], Awaitable["DataclassInstance"]],
    view: type[View],
    tell_once: Callable[[Any], dict[str, Any]] = lambda _: {},
) -> JSONResponse:
    """Create a thing and answer 201; a repetition is answered from the receipt, without what to `tell_once`."""
    receipt = await receipts.claim(work, creation)
    if receipt is not None:
        return JSONResponse(dict(receipt.answer), 201, headers={"Idempotency-Replayed": "true"})
    created = await create()
    answer = view.model_validate(created).model_dump(mode="json")
    if creation.key is not None:
        await work.receipts.keep(creation, answer)
    return JSONResponse(answer | tell_once(created), 201, headers={"ETag": quoted(created)})
