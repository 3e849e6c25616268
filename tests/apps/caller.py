"""A gRPC client: makes the calls it is told to, and prints what came of them, a line of JSON for each.

    caller.py ADDRESS CA|- CALL...

A call is METHOD or METHOD=ARGUMENT, with @SECONDS behind it for a deadline.
"""

import json
import sys
import threading
import time

import grpc


def channel_to(address, authority):
    options = [("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
    if authority == "-":
        return grpc.insecure_channel(address, options)
    with open(authority, "rb") as pem:
        credentials = grpc.ssl_channel_credentials(pem.read())
    options.append(("grpc.ssl_target_name_override", "gateway.test"))
    return grpc.secure_channel(address, credentials, options)


def read(metadata):
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in metadata or ()}


def unary(channel, method, argument, timeout):
    call = channel.unary_unary(f"/shop.Greeter/{method}")
    answer, done = call.with_call(argument.encode(), timeout=timeout, metadata=[("x-own", "kept")])
    text = answer.decode() if len(answer) < 1000 else len(answer)
    return {"answer": text, "first": read(done.initial_metadata()), "last": read(done.trailing_metadata())}


def count(channel, argument, timeout):
    return {"answer": [piece.decode() for piece in channel.unary_stream("/shop.Greeter/Count")(argument.encode(), timeout=timeout)]}


def total(channel, argument, timeout):
    numbers = (str(number).encode() for number in range(int(argument)))
    return {"answer": channel.stream_unary("/shop.Greeter/Sum")(numbers, timeout=timeout).decode()}


def chat(channel, argument, timeout):
    """Says a word, and the next only when the last has come back."""
    turn = threading.Semaphore(1)

    def words():
        for word in argument.split(","):
            turn.acquire()
            yield word.encode()

    heard = []
    for word in channel.stream_stream("/shop.Greeter/Chat")(words(), timeout=timeout):
        heard.append(word.decode())
        turn.release()
    return {"answer": heard}


def make(channel, method, argument, timeout):
    streams = {"Count": count, "Sum": total, "Chat": chat}
    if method in streams:
        return streams[method](channel, argument, timeout)
    return unary(channel, method, argument, timeout)


def main(address, authority, *calls):
    with channel_to(address, authority) as channel:
        for call in calls:
            call, _, seconds = call.partition("@")
            method, _, argument = call.partition("=")
            begin = time.monotonic()
            try:
                told = make(channel, method, argument, float(seconds) if seconds else 30)
                told["code"] = "OK"
            except grpc.RpcError as error:
                told = {"code": error.code().name, "details": error.details(), "last": read(error.trailing_metadata())}
            told["took"] = time.monotonic() - begin
            print(json.dumps(told), flush=True)


main(*sys.argv[1:])
