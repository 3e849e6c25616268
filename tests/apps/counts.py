"""Applications that answer with the number of bytes of a request body, as their server passes it to them.

Usage: counts.py django|wsgiref PORT; `counts:asgi` is for uvicorn.
"""

import sys


def wsgi(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    answer = str(len(environ["wsgi.input"].read(length))).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    count, more = 0, True
    while more:
        message = await receive()
        count += len(message.get("body", b""))
        more = message.get("more_body", False)
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(count).encode()})


def run_wsgiref(port):
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", port, wsgi).serve_forever()


def run_django(port):
    from django.conf import settings
    from django.core.management import execute_from_command_line
    from django.http import HttpResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt

    class Urls:
        urlpatterns = [path("", csrf_exempt(lambda request: HttpResponse(str(len(request.body)))))]

    settings.configure(ALLOWED_HOSTS=["*"], DEBUG=True, ROOT_URLCONF=Urls, SECRET_KEY="tests")
    execute_from_command_line(["counts.py", "runserver", "--noreload", f"127.0.0.1:{port}"])


if __name__ == "__main__":
    {"django": run_django, "wsgiref": run_wsgiref}[sys.argv[1]](int(sys.argv[2]))
