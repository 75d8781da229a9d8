"""What a request that writes brings along: JSON, read whole and checked before anything is done."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from listener.correcting import NoMention, SeveralMeant
from listener.dashboard.api import problem

Body = TypeVar("Body", bound=BaseModel)


async def read(request: web.Request, model: type[Body]) -> Body:
    """Read a body. Raises HTTPUnsupportedMediaType for anything but JSON, HTTPBadRequest that tells each mistake."""
    # A web site can make its visitor's browser send a form here, but no JSON without asking us first.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send JSON, with Content-Type: application/json")
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest(text=_mistakes(error)) from None


def _mistakes(error: ValidationError) -> str:
    """Each mistake with its place; what was sent is not repeated."""
    return "; ".join(
        f"{'.'.join(map(str, mistake['loc'])) or 'body'}: {mistake['msg']}" for mistake in error.errors()
    )


def busy() -> web.Response:
    """The answer where the store takes nothing at the moment."""
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the store cannot take it now; send it again")


def unclear(error: NoMention) -> web.Response:
    """There is no such mention, or several may be meant."""
    several = isinstance(error, SeveralMeant)
    return problem(HTTPStatus.CONFLICT if several else HTTPStatus.NOT_FOUND, str(error))
