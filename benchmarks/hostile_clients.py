#!/usr/bin/env python3
"""What a good client waits for its answers, alone and while others misbehave.

  benchmarks/hostile_clients.py [--rounds 3] [--seconds 10] [--connections 2000] [--only NAME] [--tls]
                                [--share-processors] [--build build/release]

The good client posts one click after the other from 127.0.0.1; every answer must be 200 and arrives after its record is durable. The
others come from 127.0.0.2. Each attack is measured between two quiet runs. The ratio is that of the 99th percentiles, during to before;
"recovered" is the time after the attack's end from which on that percentile is within 20 % of the one before. At the end the server is
killed: every record that was accepted, from whomever, must be there.

Attackers stand for other machines: they run only when nothing else wants the processor (SCHED_IDLE). With --share-processors they
compete with the server for it; "spinning" shows what that alone costs.
"""
import argparse
import http.client
import json
import multiprocessing
import pathlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import hostile_clients as hostile  # noqa: E402
import weir_process  # noqa: E402


def spin(_address, stop, report):
    """Uses one processor for nothing."""
    report.put("open")
    while not stop.is_set():
        sum(range(10_000))
    report.put({})


class OpenLoop:
    """`flood`: requests are due at a rate, whatever is answered. Ten times what the server manages."""

    def __init__(self, build, server, connections, rate, spare):
        self.process = subprocess.Popen(
            [*(("chrt", "--idle", "0") if spare else ()), build / "benchmarks/flood", "--port", server.url.rsplit(":", 1)[1],
             "--path", hostile.PATH, "--connections", str(connections), "--rate", str(rate)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(hostile.click("flood") + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "open\n":
            sys.exit("flood did not begin")

    def finish(self):
        """What the attack saw."""
        return json.loads(self.process.communicate()[0])


def measure(server, seconds):
    """Pairs of when a request was sent, in seconds from the beginning, and how many milliseconds its answer took."""
    host, port = server.url.split("//")[1].split(":")
    if server.url.startswith("https"):
        connection = http.client.HTTPSConnection(host, int(port), timeout=60,
                                                 context=ssl.create_default_context(cafile=server.certificate()))
    else:
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
    waits = []
    begin = time.monotonic()
    while (sent := time.monotonic()) < begin + seconds:
        connection.request("POST", hostile.PATH, hostile.click("good") + "\n")
        response = connection.getresponse()
        answer = response.read()
        waits.append((sent - begin, (time.monotonic() - sent) * 1000))
        if response.status != 200 or json.loads(answer)["accepted"] != 1:
            sys.exit(f"the good client was refused: {response.status} {answer}")
        time.sleep(0.002)
    return waits


def at(waits, share):
    latencies = sorted(milliseconds for _, milliseconds in waits)
    return latencies[int(share * (len(latencies) - 1))]


def recovered(after, limit):
    """The half second from which on the 99th percentile is within the limit."""
    for start in range(0, 2 * int(after[-1][0])):
        rest = [wait for wait in after if wait[0] >= start / 2]
        if at(rest, 0.99) <= limit:
            return f"in {start / 2:g} s"
    return "not"


def counted(server):
    return int(server.query("SELECT sum(clicks) AS n FROM view_clicks_aggregate")[0]["n"] or 0)


def suffer(server, name, how, before, options):
    """Measures during one attack and after it: (ratio, what was measured after it, how many records were accepted)."""
    function, *arguments = how
    spare = not options.share_processors
    if function is OpenLoop:
        attack = OpenLoop(options.build.resolve(), server, *arguments, spare)
    else:
        attack = hostile.Attack(function, server, *arguments, spare=spare)
    during = measure(server, options.seconds)
    seen = attack.finish()
    after = measure(server, options.seconds)
    quiet = at(before, 0.99)
    ratio = at(during, 0.99) / quiet
    print(f"{name}: p50 {at(during, 0.5):.2f} ms (quiet {at(before, 0.5):.2f}), p99 {at(during, 0.99):.2f} ms (quiet {quiet:.2f} "
          f"before, {at(after, 0.99):.2f} after), ratio {ratio:.2f}, recovered {recovered(after, 1.2 * quiet)}, "
          f"peak memory {hostile.peak_memory_bytes(server.process.pid) >> 20} MiB; {seen}", flush=True)
    return ratio, after, len(during) + len(after) + seen.get("accepted", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--only", help="attacks whose name contains this")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--share-processors", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    weir_process.WEIR = str(options.build.resolve() / "weir")
    count = options.connections
    attacks = {
        "spinning": (spin,),
        "slow heads": (hostile.slow_connections, ("head",), count),
        "slow bodies": (hostile.slow_connections, ("body",), count),
        "readers that do not read": (hostile.slow_connections, ("reader",), count),
        "pipelining flood": (hostile.flood, 4, 10_000),
        "bombs": (hostile.bombs,),
        "overload, 1,000,000 requests/s": (OpenLoop, 400, 1_000_000),
    }
    if options.tls:  # The floods speak plain HTTP.
        attacks = {"spinning": (spin,), "slow handshakes": (hostile.slow_connections, ("handshake",), count)}
    attacks = {name: how for name, how in attacks.items() if not options.only or options.only in name}
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        server = weir_process.Server(pathlib.Path(folder) / "data", *(("--tls", "self-signed") if options.tls else ())).start()
        quiet = measure(server, options.seconds)
        accepted = len(quiet)
        ratios = {}
        for _ in range(options.rounds):
            for name, how in attacks.items():
                ratio, quiet, more = suffer(server, name, how, quiet, options)
                ratios.setdefault(name, []).append(ratio)
                accepted += more
        for name, measured in ratios.items():
            print(f"{name}: median ratio {statistics.median(measured):.2f}")
        server.kill()
        server.start()
        weir_process.wait_until("all accepted records counted", lambda: counted(server) >= accepted)
        if counted(server) != accepted:
            sys.exit(f"{accepted} records were accepted, {counted(server)} are there")
        print(f"{accepted} records were accepted, and all are there after kill -9")
        server.stop()


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
