"""A gRPC server: one method of each kind, in bytes so that no code is generated, and the standard health service.

Says on which port it listens, then serves until it is stopped.
"""

import sys
import threading
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

HEALTH = health.HealthServicer()
BEGUN = threading.Event()
ENDED = threading.Event()


def say(request, context):
    context.send_initial_metadata([("x-seen", dict(context.invocation_metadata()).get("x-own", "nothing"))])
    context.set_trailing_metadata([("x-last", "words"), ("x-bytes-bin", b"\x00\xff")])
    return b"hello " + request


def count(request, context):
    for number in range(int(request)):
        yield str(number).encode()


def total(requests, context):
    return str(sum(int(request) for request in requests)).encode()


def chat(requests, context):
    for request in requests:
        yield request.upper()


def fail(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: 100 % ü")


def remaining(request, context):
    return str(context.time_remaining()).encode()


def hang(request, context):
    context.add_callback(ENDED.set)
    BEGUN.set()
    threading.Event().wait(float(request))
    return b"late"


def begun(request, context):
    return str(BEGUN.wait(20)).encode()


def ended(request, context):
    return str(ENDED.wait(20)).encode()


def large(request, context):
    return b"x" * int(request)


def mood(request, context):
    status = health_pb2.HealthCheckResponse.SERVING if request == b"well" else health_pb2.HealthCheckResponse.NOT_SERVING
    HEALTH.set("shop.Greeter", status)
    return b""


METHODS = {
    "Say": grpc.unary_unary_rpc_method_handler(say),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Sum": grpc.stream_unary_rpc_method_handler(total),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Remaining": grpc.unary_unary_rpc_method_handler(remaining),
    "Hang": grpc.unary_unary_rpc_method_handler(hang),
    "Begun": grpc.unary_unary_rpc_method_handler(begun),
    "Ended": grpc.unary_unary_rpc_method_handler(ended),
    "Large": grpc.unary_unary_rpc_method_handler(large),
    "Mood": grpc.unary_unary_rpc_method_handler(mood),
}


def main(certificate=None, key=None):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=40))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Greeter", METHODS)])
    health_pb2_grpc.add_HealthServicer_to_server(HEALTH, server)
    HEALTH.set("shop.Greeter", health_pb2.HealthCheckResponse.SERVING)
    if certificate is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        with open(key, "rb") as keys, open(certificate, "rb") as certificates:
            port = server.add_secure_port(
                "127.0.0.1:0", grpc.ssl_server_credentials([(keys.read(), certificates.read())])
            )
    server.start()
    print(f"port {port}", flush=True)
    server.wait_for_termination()


main(*sys.argv[1:])
