"""Behind the gateway: `/` at once; of `/slow` the second half comes when the file /tmp/go is there."""

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"first")
        while self.path == "/slow" and not os.path.exists("/tmp/go"):
            time.sleep(0.01)
        self.wfile.write(b"-last")


ThreadingHTTPServer(("", 8000), Backend).serve_forever()
