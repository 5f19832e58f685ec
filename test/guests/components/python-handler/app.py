"""A handler in Python, as componentize-py builds it, with routes in the way of Flask."""

import json
import sys

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam

routes = {}


def route(path):
    def register(function):
        routes[path] = function
        return function

    return register


def respond(out, status=200, content_type="text/plain"):
    response = OutgoingResponse(Fields.from_list([("content-type", content_type.encode())]))
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(out, Ok(response))
    return body


def answer(out, data, status=200, content_type="text/plain"):
    body = respond(out, status, content_type)
    with body.write() as stream:
        for at in range(0, len(data), 4096):
            stream.blocking_write_and_flush(data[at : at + 4096])
    OutgoingBody.finish(body, None)


def pieces(request):
    with request.consume() as body, body.stream() as stream:
        while True:
            try:
                yield stream.blocking_read(65536)
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    return
                raise


@route("/")
def home(request, out):
    answer(out, b"Hello from Python\n")


@route("/echo")
def echo(request, out):
    body = respond(out)
    with body.write() as stream:
        for piece in pieces(request):
            for at in range(0, len(piece), 4096):
                stream.blocking_write_and_flush(piece[at : at + 4096])
    OutgoingBody.finish(body, None)


@route("/total")
def total(request, out):
    try:
        items = json.loads(b"".join(pieces(request)))["items"]
        result = {"items": len(items), "total": sum(item["price"] * item["count"] for item in items)}
    except (ValueError, KeyError, TypeError):
        return answer(out, b"this is no order\n", 400)
    answer(out, json.dumps(result, separators=(",", ":")).encode(), 200, "application/json")


@route("/trap")
def trap(request, out):
    raise RuntimeError("this was asked for")


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        path = (request.path_with_query() or "/").split("?")[0]
        view = routes.get(path)
        if view is None:
            answer(response_out, b"there is no such path\n", 404)
        else:
            view(request, response_out)
        sys.stdout.flush()
