"""Tells what a WSGI application is asked for, in words that the server made of the request."""

WORDS = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "REMOTE_USER", "HTTP_REMOTE_USER", "wsgi.url_scheme")


def app(environ, start_response):
    lines = [f"{word}={environ.get(word, '')}" for word in WORDS]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["\n".join(lines).encode()]
