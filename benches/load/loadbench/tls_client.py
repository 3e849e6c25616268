"""One client: new TLS connection, one request, close, and again. Run as a program: PORT SECONDS."""
import json
import socket
import ssl
import sys
import time


def main(port, seconds):
    trust = ssl._create_unverified_context()
    trust.minimum_version = ssl.TLSVersion.TLSv1_3
    times, failed, resumed, until = [], 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        start = time.perf_counter()
        try:
            resumed += ask(trust, port)
            times.append(round((time.perf_counter() - start) * 1e6))
        except OSError:
            failed += 1
    print(json.dumps({"us": times, "failed": failed, "resumed": resumed}))


def ask(trust, port):
    """Whether the session was resumed, by the word of the TLS library."""
    plain = socket.create_connection(("127.0.0.1", port), 5)
    # Without it the end of the handshake waits for an acknowledgement that is held back.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Without a session to offer, every handshake is a full one.
    with trust.wrap_socket(plain, server_hostname="localhost") as secure:
        resumed = secure.session_reused
        secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := secure.recv(65536):
            answer += chunk
    if not answer.startswith(b"HTTP/1.1 200"):
        raise OSError("not 200")
    return resumed


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
