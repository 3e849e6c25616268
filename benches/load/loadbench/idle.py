"""What a connection costs that has asked once and waits."""
import socket
import ssl
import time

from loadbench import machine

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def memory_each(running, count, tls):
    """KiB of the proxy for each of so many idle connections. The proxy should be fresh."""
    # What is made on first use is none of the connections' doing.
    drop(open_all(running, 50, tls))
    time.sleep(1)
    before = machine.memory_kib(running.pids())
    clients = open_all(running, count, tls)
    after = settled(running)
    alive = sum(is_open(client) for client in clients)
    drop(clients)
    if alive < count:
        raise RuntimeError(f"{running.target.name} closed {count - alive} of {count} idle connections")
    return {"kib_each": (after - before) / count, "connections": count}


def settled(running):
    """The memory once it no longer falls: buffers may be given back late."""
    lowest, since = machine.memory_kib(running.pids()), time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.25)
        now = machine.memory_kib(running.pids())
        if now < lowest - 64:
            lowest, since = now, time.monotonic()
    return machine.memory_kib(running.pids())


def open_all(running, count, tls):
    trust = ssl._create_unverified_context() if tls else None
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", running.https if tls else running.http), 10)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            client = trust.wrap_socket(client, server_hostname="localhost")
        client.sendall(REQUEST)
        answer = b""
        while len(answer) < 1024 or b"\r\n\r\n" not in answer:
            chunk = client.recv(65536)
            if not chunk:
                raise RuntimeError(f"{running.target.name} closed a connection")
            answer += chunk
        clients.append(client)
    return clients


def is_open(client):
    """Asks once more."""
    try:
        client.sendall(REQUEST)
        return bool(client.recv(65536))
    except OSError:
        return False


def drop(clients):
    for client in clients:
        client.close()
