#!/usr/bin/env python3
"""What the doors for records do a second, and what a request costs: every way in, with and without keys.

  benchmarks/http_doors.py [--build build/release] [--engine] [--rounds 3] [--seconds 5]

Two servers run, one that asks for keys and one that does not, each with a fresh folder: the doors alone (ingest_server), or with --engine the
whole of `weir serve`, whose application reads what comes. The ways take turns, so that a machine that slows down slows them all; of each the
medians are printed. Last, the doors alone with and without de-duplication.
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import weir_process  # noqa: E402

WAYS = [("lines", 16), ("put_records", 16), ("put_records_cbor", 16), ("put_record", 64)]
FIGURES = {
    "records/s": r"(\d+) records/s,", "requests/s": r"(\d+) requests/s,", "p50 ms": r"p50 ([\d.]+)", "p99 ms": r"p99 ([\d.]+)",
    "server us/request": r"server: ([\d.]+) us", "user": r"user ([\d.]+)", "system": r"system ([\d.]+)",
    "client us": r"client: ([\d.]+) us", "records/CPU-s": r"(\d+) records per CPU-second;",
    "limit records/CPU-s": r"limit: (\d+) records", "% of limit": r"\((\d+) % reached",
}


class Doors:
    """One ingest_server."""

    def __init__(self, build, folder, port, key_file="", *field):
        folder.mkdir()
        self.port, self.key_file = port, key_file
        self.process = subprocess.Popen([build / "benchmarks/ingest_server", folder, str(port), "2", "4", key_file, *field])
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Engine:
    """One `weir serve`."""

    def __init__(self, folder, key_file=""):
        self.key_file, key, arguments = key_file, None, ()
        if key_file:
            key = weir_process.run("keys", "create", "load", "--role", "admin", "--data", folder).stdout.strip()
            pathlib.Path(key_file).write_text(key + "\n")
            arguments = ("--auth", "on")
        self.server = weir_process.Server(folder, *arguments, key=key).start()
        self.port, self.pid, self.stop = int(self.server.url.rsplit(":", 1)[1]), self.server.process.pid, self.server.stop


def measure(build, server, mode, connections, seconds, *more):
    """The figures of one run, by name."""
    key = ("--key-file", server.key_file) if server.key_file else ()
    text = subprocess.run([build / "benchmarks/http_load", "--port", str(server.port), "--mode", mode, "--connections", str(connections),
                           "--seconds", str(seconds), "--pid", str(server.pid), *key, *more],
                          check=True, capture_output=True, text=True).stdout
    return {name: float(re.search(pattern, text).group(1)) for name, pattern in FIGURES.items()}


def show(name, runs):
    print(f"{name:28}" + "".join(f"{statistics.median(run[figure] for run in runs):{max(len(figure), 9) + 2}.{2 if 'ms' in figure else 0}f}"
                                 for figure in FIGURES), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--engine", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    build = options.build.resolve()
    weir_process.WEIR = str(build / "weir")
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as name:
        folder = pathlib.Path(name)
        if options.engine:
            servers = [Engine(folder / "open"), Engine(folder / "guarded", str(folder / "key"))]
        else:
            servers = [Doors(build, folder / "open", 18490), Doors(build, folder / "guarded", 18491, str(folder / "key"))]
        once = [] if options.engine else [Doors(build, folder / "once", 18492, "", "EventId")]
        for server in servers + once:  # Each has created what it needs when it takes a record.
            weir_process.wait_until("a server", lambda: subprocess.run(
                [build / "benchmarks/http_load", "--port", str(server.port), "--seconds", "0.1",
                 *(("--key-file", server.key_file) if server.key_file else ())], capture_output=True, check=False).returncode == 0)
        runs = {}
        for _ in range(options.rounds):
            for mode, connections in WAYS:
                for server in servers:
                    title = mode + (" with key" if server.key_file else "")
                    runs.setdefault(title, []).append(measure(build, server, mode, connections, options.seconds))
            for server in (servers[0], *once) if once else ():
                title = "lines" + (" once" if server in once else " with event ids")
                runs.setdefault(title, []).append(measure(build, server, "lines", 16, options.seconds, "--event-ids", "yes"))
        print(" " * 28 + "".join(f"{figure:>{max(len(figure), 9) + 2}}" for figure in FIGURES))
        for title, measured in runs.items():
            show(title, measured)
        for server in servers + once:
            server.stop()


if __name__ == "__main__":
    main()
