"""Starts, stops and kills the real program for the end-to-end tests."""
import csv
import io
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR", str(ROOT / "build/release/weir"))
ORACLE = os.environ.get("WEIR_ORACLE", str(ROOT / "build/dev/oracle"))
DATA = ROOT / "tests/data"


def run(*arguments, check=True, stdin=None, timeout=600):
    """Runs the program to its end; returns the finished process with text output."""
    done = subprocess.run([WEIR, *map(str, arguments)], capture_output=True, text=True, input=stdin, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"weir {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def rows_of(csv_text):
    return list(csv.DictReader(io.StringIO(csv_text)))


def oracle(*statements):
    """The last statement's rows from an independent DuckDB, every value as text."""
    done = subprocess.run([ORACLE, *statements], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return rows_of(done.stdout)


def wait_until(what, condition, seconds=60):
    """Polls until condition() is true; the deadline is only there to fail instead of hanging."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Server:
    """One `weir serve` process on a free port."""

    def __init__(self, data, *arguments, preexec=None, key=None, listen="127.0.0.1:0"):
        self.data = data
        self.arguments = arguments
        self.preexec = preexec
        self.listen = listen
        self.key = key  # "<id>.<secret>", sent with every request
        self.process = None
        self.url = None
        self.log = []

    def start(self, wait=True):
        self.process = subprocess.Popen([WEIR, "serve", "--data", str(self.data), "--listen", self.listen,
                                         "--log-format", "json", *self.arguments], stderr=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, text=True, preexec_fn=self.preexec)
        listening = threading.Event()
        process = self.process

        def read():
            for line in process.stderr:
                self.log.append(line)
                found = re.search(r"(https?)://[0-9.]+:(\d+)/", line)
                if found and self.url is None:
                    self.url = f"{found.group(1)}://127.0.0.1:{found.group(2)}"
                    listening.set()
            listening.set()
            process.stderr.close()

        self.url = None
        threading.Thread(target=read, daemon=True).start()
        if wait:
            if not listening.wait(120) or self.url is None:
                raise AssertionError("the server did not start:\n" + "".join(self.log[-20:]))
            wait_until("ready", lambda: self.request("GET", "/readyz")[0] == 200)
        return self

    def request(self, method, path, body=None, headers=None, timeout=60):
        """(status, body) of one request; connection failures are (0, message)."""
        data = body.encode() if isinstance(body, str) else body
        headers = {**({"authorization": f"Bearer {self.key}"} if self.key else {}), **(headers or {})}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        trust = ssl.create_default_context(cafile=self.certificate()) if self.url.startswith("https:") else None
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=trust) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def certificate(self):
        """The self-signed one, which clients must be told to trust."""
        return str(self.data / "tls/certificate.pem")

    def put(self, stream, records):
        status, body = self.request("POST", f"/v1/streams/{stream}/records",
                                    "\n".join(json.dumps(r) for r in records) + "\n")
        return status, (json.loads(body) if status == 200 else body)

    def query(self, sql):
        """Rows as dictionaries."""
        status, body = self.request("POST", "/v1/query", json.dumps({"sql": sql}),
                                    {"content-type": "application/json"})
        if status != 200:
            raise AssertionError(f"{sql}: {status} {body}")
        result = json.loads(body)
        names = [column["name"] for column in result["columns"]]
        return [dict(zip(names, row)) for row in result["rows"]]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Graceful; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


class WeirTest(unittest.TestCase):
    """A test with a fresh data folder, and servers that do not outlive it."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-e2e-")
        self.addCleanup(self.folder.cleanup)
        self.data = pathlib.Path(self.folder.name) / "data"

    def path(self, name):
        return pathlib.Path(self.folder.name) / name

    def server(self, *arguments, **options):
        server = Server(self.data, *arguments, **options)
        self.addCleanup(lambda: server.process and server.process.poll() is None and server.kill())
        return server.start()
