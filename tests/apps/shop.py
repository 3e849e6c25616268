"""A small FastAPI application of the kind that seed 002 hardens: nothing in it knows of a gateway.

It leaks on purpose what debug settings leak in real life: a trace in the body of a 500.
Events and slow reports come from a feed on FEED_PORT: a line is asked for and a line is answered,
so whoever holds the feed decides when something happens.
"""

import asyncio
import os
import traceback

from fastapi import FastAPI, File, Request, UploadFile
from fastapi.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel

app = FastAPI(title="shop")


class Login(BaseModel):
    name: str
    password: str


async def ask_feed(question: str):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(os.environ["FEED_PORT"]))
    try:
        writer.write(f"{question}\n".encode())
        while line := await reader.readline():
            yield line.decode().strip()
    finally:
        writer.close()


@app.exception_handler(Exception)
async def show_trace(request: Request, error: Exception):
    return PlainTextResponse("".join(traceback.format_exception(error)), status_code=500)


@app.get("/")
@app.head("/")
async def frontend():
    return HTMLResponse("<!doctype html><title>shop</title><h1>Shop</h1>")


@app.get("/health")
async def health():
    return {"status": "the application's own"}


@app.get("/api/v1/dashboard/metrics")
@app.head("/api/v1/dashboard/metrics")
async def dashboard():
    return {"revenue": 1234, "orders": 56}


@app.get("/api/v1/items/{item}")
async def item(item: int):
    return {"item": item}


@app.post("/api/auth/login")
async def login(login: Login):
    return {"token": f"token-of-{login.name}"}


@app.get("/api/v1/broken")
async def broken():
    password = "hunter2"
    raise RuntimeError(f"cannot reach postgres://shop:{password}@10.0.0.7/shop")


@app.post("/api/v1/upload")
async def upload(file: UploadFile = File()):
    return {"name": file.filename, "size": len(await file.read())}


@app.get("/api/v1/whoami")
async def whoami(request: Request):
    return {"peer": request.client.host, "headers": dict(request.headers)}


@app.get("/api/v1/report")
async def report():
    async for line in ask_feed("report"):
        return {"report": line}


@app.get("/api/v1/events")
async def events():
    async def lines():
        async for line in ask_feed("events"):
            yield f"data: {line}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")
