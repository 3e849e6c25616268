"""What a run needs beside the proxies: files, a certificate, an application. And a proxy that is up."""
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from loadbench import machine
from loadbench.targets import render


def run_pinned(command, cpus, **more):
    """Starts a program on these CPUs."""
    return subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, cpus), **more)


def end(process, patience=15):
    """Ends what was started, and waits for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def json_text(length):
    """JSON of that many bytes as an application would send it: repetitive, but not for long."""
    chance, rows = random.Random(7), []
    while len(json.dumps(rows)) < length - 200:
        words = " ".join(chance.choices(("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty"), k=9))
        rows.append({"id": chance.randrange(10**9), "active": chance.random() < 0.5, "score": round(chance.random() * 100, 3), "note": words})
    text = json.dumps({"rows": rows, "pad": ""})
    return text[:-2] + "x" * (length - len(text)) + text[-2:]


class Scene:
    """A folder of files, a certificate, and nginx as the application."""

    def __init__(self, nginx, cpus):
        self.folder = tempfile.mkdtemp(prefix="portcullis-load-")
        os.chmod(self.folder, 0o755)
        self.files_limit = machine.raise_file_limit()
        self.make_files()
        self.make_certificate()
        self.port, = free_ports(1)
        values = {"WORK": self.folder, "NOFILE": self.files_limit, "ORIGIN_PORT": self.port, "JSON_1K": json_text(1024)}
        config = os.path.join(self.folder, "origin.conf")
        with open(config, "w") as file:
            file.write(render("peers/origin.conf", values, False))
        command = [nginx, "-p", self.folder, "-e", os.path.join(self.folder, "origin.log"), "-c", config]
        self.origin = run_pinned(command, cpus)
        wait_until(lambda: get(self.port)[0] == 200, "the origin does not answer")

    def make_files(self):
        files = os.path.join(self.folder, "files")
        os.mkdir(files)
        chance = random.Random(1)
        for name, content in (("100k.bin", chance.randbytes(100 << 10)), ("1m.bin", chance.randbytes(1 << 20)), ("20k.json", json_text(20 << 10).encode())):
            with open(os.path.join(files, name), "wb") as file:
                file.write(content)

    def file_of(self, length):
        """The path of a file of that many bytes."""
        path = os.path.join(self.folder, f"{length}.bytes")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(random.Random(length).randbytes(length))
        return path

    def make_certificate(self):
        self.cert, self.key, self.both = (os.path.join(self.folder, name) for name in ("cert.pem", "key.pem", "both.pem"))
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=localhost"
        more = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out", self.cert]
        subprocess.run(command.split() + more, check=True, capture_output=True)
        with open(self.both, "w") as both:
            for path in (self.cert, self.key):
                with open(path) as file:
                    both.write(file.read())
        for path in (self.key, self.both):
            os.chmod(path, 0o644)

    def close(self):
        end(self.origin)
        shutil.rmtree(self.folder, ignore_errors=True)


class Running:
    """A proxy that is up, as a context."""

    def __init__(self, scene, target, mode, places, workers=1, extra=""):
        self.scene, self.target, self.mode, self.places, self.extra = scene, target, mode, places, extra
        self.work = tempfile.mkdtemp(prefix=f"{target.name}-{mode}-", dir=scene.folder)
        os.chmod(self.work, 0o777)
        self.http, self.https, admin = free_ports(3)
        self.values = {
            "WORK": self.work, "HTTP": self.http, "HTTPS": self.https, "ADMIN": admin, "ORIGIN_PORT": scene.port,
            "CERT": scene.cert, "KEY": scene.key, "PEM": scene.both, "LOG": os.path.join(self.work, "access.log"),
            "THREADS": workers, "NOFILE": scene.files_limit, "GEN": 0,
        }

    def __enter__(self):
        path = self.target.write(self.values, self.mode, self.extra)
        command = self.target.command(path, self.values)
        self.output = open(os.path.join(self.work, "output.log"), "ab")
        environment = {**os.environ, **self.target.environment}
        self.process = run_pinned(command, self.places.proxy, stdout=self.output, stderr=self.output, cwd=self.work, env=environment)
        try:
            for tls in (False, True):
                wait_until(lambda: self.process.poll() is not None or self.get(tls=tls)[0] == 200, "no answer")
            if self.process.poll() is not None:
                raise RuntimeError("it ended")
        except RuntimeError as error:
            self.__exit__()
            with open(os.path.join(self.work, "output.log"), errors="replace") as file:
                raise RuntimeError(f"{self.target.name} did not come up: {error}\n{file.read()[-2000:]}") from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        end(self.process)
        self.output.close()
        for name in ("access.log", "output.log"):
            path = os.path.join(self.work, name)
            if os.path.exists(path) and os.path.getsize(path) > 1 << 20:
                os.truncate(path, 0)

    def pids(self):
        return machine.family(self.process.pid)

    def url(self, path="/", tls=False):
        return f"https://localhost:{self.https}{path}" if tls else f"http://127.0.0.1:{self.http}{path}"

    def get(self, path="/", headers=None, tls=False):
        return get(self.https if tls else self.http, path, headers, tls)

    def reload(self):
        """Puts a new generation in force; returns once answers show it."""
        self.values["GEN"] += 1
        self.target.write(self.values, self.mode, self.extra)
        self.target.reload(self.process, self.values)
        wanted = str(self.values["GEN"])
        wait_until(lambda: self.get()[1].get("x-bench-gen") == wanted, f"reload {wanted} is not in force")


def get(port, path="/", headers=None, tls=False):
    """Status, headers and length of the body; status 0 for no answer."""
    try:
        if tls:
            client = http.client.HTTPSConnection("localhost", port, timeout=5, context=ssl._create_unverified_context())
        else:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(client):
            client.request("GET", path, headers=headers or {})
            answer = client.getresponse()
            length = len(answer.read())
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, length
    except (OSError, http.client.HTTPException):
        return 0, {}, 0


def wait_until(true, message, patience=15):
    until = time.monotonic() + patience
    while not true():
        if time.monotonic() > until:
            raise RuntimeError(message)
        time.sleep(0.02)
