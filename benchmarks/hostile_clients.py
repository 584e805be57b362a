#!/usr/bin/env python3
"""What a good client waits for its answers, alone and while others misbehave.

  benchmarks/hostile_clients.py [--seconds 20] [--connections 2000] [--only NAME] [--tls] [--share-processors]
                                [--weir build/release/weir]

The good client posts one click after the other from 127.0.0.1; every answer must be 200 and arrives after its record is durable. The
others come from 127.0.0.2. Each attack is measured between two quiet runs. The ratio is that of the 99th percentiles, during to before;
"recovered" is the time after the attack's end from which on that percentile is within 20 % of the one before.

Attackers stand for other machines: they run only when nothing else wants the processor (SCHED_IDLE). With --share-processors they
compete with the server for it; "spinning" shows what that alone costs.
"""
import argparse
import http.client
import json
import multiprocessing
import pathlib
import ssl
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
            return f"in {start / 2 + 0.5 if start else 0} s"
    return "not"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--only", help="attacks whose name contains this")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--share-processors", action="store_true")
    parser.add_argument("--weir", default=str(ROOT / "build/release/weir"))
    options = parser.parse_args()
    weir_process.WEIR = options.weir
    count = options.connections
    attacks = {
        "spinning": (spin,),
        "slow heads": (hostile.slow_connections, ("head",), count),
        "slow bodies": (hostile.slow_connections, ("body",), count),
        "readers that do not read": (hostile.slow_connections, ("reader",), count),
        "pipelining flood": (hostile.flood, 4, 10_000),
        "overload, 400 connections x 64": (hostile.flood, 400, 64),
    }
    if options.tls:  # The floods speak plain HTTP.
        attacks = {"spinning": (spin,), "slow handshakes": (hostile.slow_connections, ("handshake",), count)}
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        server = weir_process.Server(pathlib.Path(folder) / "data", *(("--tls", "self-signed") if options.tls else ())).start()
        before = measure(server, options.seconds)
        for name, (function, *arguments) in attacks.items():
            if options.only and options.only not in name:
                continue
            attack = hostile.Attack(function, server, *arguments, spare=not options.share_processors)
            during = measure(server, options.seconds)
            seen = attack.finish()
            after = measure(server, options.seconds)
            quiet = at(before, 0.99)
            print(f"{name}: p50 {at(during, 0.5):.2f} ms (quiet {at(before, 0.5):.2f}), p99 {at(during, 0.99):.2f} ms (quiet {quiet:.2f} "
                  f"before, {at(after, 0.99):.2f} after), ratio {at(during, 0.99) / quiet:.2f}, recovered {recovered(after, 1.2 * quiet)}, "
                  f"peak memory {hostile.peak_memory_bytes(server.process.pid) >> 20} MiB; {seen}", flush=True)
            before = after
        server.stop()


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
