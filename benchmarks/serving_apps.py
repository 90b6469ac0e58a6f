"""What `serving.py` measures beside `mlp-edge serve`: the endpoints that one would write instead.

uvicorn or granian runs them, as ``serving_apps:fastapi``; ``MODEL`` in the environment names the
ONNX file. Nothing here needs mlp-edge: each runs in an environment of its own.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import Any

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["MODEL"], options, providers=["CPUExecutionProvider"]
)


def predicted(rows: Any) -> Any:
    """Probabilities (n,) float32."""
    return session.run(["probability"], {"features": np.asarray(rows, np.float32)})[0][:, 0]


def scored(body: bytes) -> bytes:
    """Rows as JSON to probabilities as JSON, the shortest way that there is."""
    import orjson

    return orjson.dumps({"probability": predicted(orjson.loads(body)["rows"]).tolist()})


def __getattr__(name: str) -> Any:
    """An application by its name; only that one's framework has to be installed."""
    makers = {
        "fastapi": of_fastapi, "fastapi_async": partial(of_fastapi, True),
        "starlette": of_starlette, "falcon": of_falcon, "litestar": of_litestar,
        "blacksheep": of_blacksheep, "batched": batched,
    }  # fmt: skip
    if name not in makers:
        raise AttributeError(name)
    app = globals()[name] = makers[name]()
    return app


def of_fastapi(on_the_loop: bool = False) -> Any:
    """The plainest endpoint: a pydantic model in, a dict out.

    Args:
        on_the_loop: as ``async def``, which predicts in the event loop and not in a thread.
    """
    from fastapi import FastAPI
    from pydantic import BaseModel

    global Rows  # FastAPI looks the annotation up in the module

    class Rows(BaseModel):
        rows: list[list[float]]

    app = FastAPI()

    def predict(rows: Rows) -> dict[str, list[float]]:
        return {"probability": predicted(rows.rows).tolist()}

    async def predict_on_the_loop(rows: Rows) -> dict[str, list[float]]:
        return predict(rows)

    app.post("/predict")(predict_on_the_loop if on_the_loop else predict)
    return app


def of_starlette() -> Any:
    """The shortest way there is, in Starlette."""
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    async def predict(request: Any) -> Any:
        return Response(scored(await request.body()), media_type="application/json")

    return Starlette(routes=[Route("/predict", predict, methods=["POST"])])


def of_falcon() -> Any:
    """The same in Falcon."""
    import falcon.asgi

    class Predict:
        async def on_post(self, request: Any, response: Any) -> None:
            response.data = scored(await request.stream.read())
            response.content_type = "application/json"

    app = falcon.asgi.App()
    app.add_route("/predict", Predict())
    return app


def of_litestar() -> Any:
    """The same in Litestar."""
    import litestar

    async def predict(request: litestar.Request) -> litestar.Response:
        return litestar.Response(scored(await request.body()), media_type="application/json")

    predict.__annotations__ = {"request": litestar.Request, "return": litestar.Response}
    return litestar.Litestar(
        [litestar.post("/predict", status_code=200)(predict)], openapi_config=None
    )


def of_blacksheep() -> Any:
    """The same in BlackSheep."""
    from blacksheep import Application, Content, Request, Response

    app = Application()

    async def predict(request: Request) -> Response:
        return Response(200, content=Content(b"application/json", scored(await request.read())))

    predict.__annotations__ = {"request": Request, "return": Response}
    app.router.add_post("/predict", predict)
    return app


def batched() -> Any:
    """The endpoint of `starlette` with micro-batching: what waits is predicted in one call."""
    import orjson
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    waiting: list[tuple[Any, asyncio.Future[Any]]] = []

    def predict_all() -> None:
        batch, waiting[:] = waiting[:], []
        found = predicted([row for rows, _ in batch for row in rows]).tolist()
        for rows, future in batch:
            future.set_result(found[: len(rows)])
            del found[: len(rows)]

    async def predict(request: Any) -> Any:
        rows = orjson.loads(await request.body())["rows"]
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not waiting:  # whatever else arrives in this turn of the loop joins it
            loop.call_soon(predict_all)
        waiting.append((rows, future))
        return Response(orjson.dumps({"probability": await future}), media_type="application/json")

    return Starlette(routes=[Route("/predict", predict, methods=["POST"])])
