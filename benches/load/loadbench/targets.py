"""The proxies: how each is configured, started, reloaded and asked for its version."""
import os
import re
import shutil
import signal
import subprocess
import urllib.request

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def render(path, values, hardened):
    """A configuration with its @PLACEHOLDERS@ filled; lines marked #hardened count only if it is."""
    with open(os.path.join(HERE, path)) as file:
        text = file.read()
    text = re.sub(r"^#hardened ?", "", text, flags=re.M) if hardened else re.sub(r"^#hardened.*\n", "", text, flags=re.M)
    return re.sub(r"@([A-Z0-9_]+)@", lambda found: str(values[found[1]]), text)


class Target:
    """One proxy. `lacks` says what its hardened configuration does less than ours."""
    name, variable, config, lacks = "", "", "", ""
    takes_extra = False
    version_flag = "-v"

    def __init__(self, binary=None):
        self.binary = binary or os.environ.get(self.variable) or shutil.which(self.name)
        self.environment = {}

    def is_there(self):
        return bool(self.binary) and os.access(self.binary, os.X_OK)

    def version(self):
        done = subprocess.run([self.binary, self.version_flag], capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]

    def write(self, values, mode, extra=""):
        """Writes the configuration and returns its path."""
        path = os.path.join(values["WORK"], os.path.basename(self.config or "portcullis.toml"))
        with open(path + ".new", "w") as file:
            file.write(self.text(values, mode) + extra)
        os.replace(path + ".new", path)
        return path

    def text(self, values, mode):
        return render(self.config, values, mode == "hardened")

    def command(self, path, values):
        raise NotImplementedError

    def reload(self, process, _values):
        process.send_signal(signal.SIGHUP)


class Portcullis(Target):
    name, variable, version_flag = "portcullis", "BENCH_PORTCULLIS", "--version"
    takes_extra = True

    def text(self, values, mode):
        return render(f"policies/{mode}.toml", values, False)

    def command(self, path, values):
        return [self.binary, "serve", path]


class Nginx(Target):
    name, variable, config = "nginx", "BENCH_NGINX", "peers/nginx.conf"
    lacks = "its metrics are stub_status: no histogram, nothing by route or status"

    def command(self, path, values):
        return [self.binary, "-p", values["WORK"], "-e", values["WORK"] + "/error.log", "-c", path]


class Haproxy(Target):
    name, variable, config = "haproxy", "BENCH_HAPROXY", "peers/haproxy.cfg"
    lacks = "its log goes to standard output with a write for each line; its gzip has no level"

    def command(self, path, values):
        return [self.binary, "-W", "-f", path]

    def reload(self, process, _values):
        process.send_signal(signal.SIGUSR2)


class Caddy(Target):
    name, variable, config, version_flag = "caddy", "BENCH_CADDY", "peers/Caddyfile", "version"
    lacks = "it has neither a rate limit nor an in-flight limit"

    def command(self, path, values):
        home = values["WORK"]
        self.environment = {"GOMAXPROCS": str(values["THREADS"]), "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
        return [self.binary, "run", "--adapter", "caddyfile", "--config", path]

    def reload(self, process, values):
        with open(os.path.join(values["WORK"], "Caddyfile"), "rb") as file:
            request = urllib.request.Request(f"http://127.0.0.1:{values['ADMIN']}/load", file.read(), {"Content-Type": "text/caddyfile"})
        urllib.request.urlopen(request, timeout=20).read()


ALL = {target.name: target for target in (Portcullis, Nginx, Haproxy, Caddy)}
