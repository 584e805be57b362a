#!/usr/bin/env python3
"""Put to visible: how long after a click is sent does SQL show it, under a steady load?

  benchmarks/put_to_visible.py [--rate 100000] [--seconds 30] [--weir build/release/weir]

A loader process posts clicks at the rate, 500 a request. Meanwhile marker clicks with promotions of their own are posted, and the view
is queried until each shows. Prints p50, p99 and the largest, and checks at the end that every acknowledged click is counted.
"""
import argparse
import http.client
import json
import multiprocessing
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import weir_process  # noqa: E402

BATCH = 500


def load(port, rate, seconds, promotions, counted):
    """Posts `rate` clicks a second, evenly; counted.value is what was acknowledged."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    start = time.monotonic()
    sent = 0
    while time.monotonic() - start < seconds:
        now = int(time.time() * 1000)
        body = "\n".join(f'{{"UserId":"u{i}","Device":"mobile","Event":"P{(sent + i) % promotions}",'
                         f'"EventType":"Promotion","Timestamp":{now}}}' for i in range(BATCH))
        connection.request("POST", "/v1/streams/ClickStream/records", body)
        response = connection.getresponse()
        answer = response.read()
        if response.status == 200:
            counted.value += json.loads(answer)["accepted"]
        sent += BATCH
        ahead = start + sent / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--promotions", type=int, default=1_000)
    parser.add_argument("--weir", default=str(ROOT / "build/release/weir"))
    options = parser.parse_args()
    weir_process.WEIR = options.weir
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        server = weir_process.Server(pathlib.Path(folder) / "data").start()
        port = int(server.url.rsplit(":", 1)[1])
        counted = multiprocessing.Value("q", 0)
        loader = multiprocessing.Process(target=load, args=(port, options.rate, options.seconds, options.promotions, counted))
        loader.start()
        latencies, marks = [], 0
        while loader.is_alive():
            marks += 1
            name = f"M{marks}"
            sent = time.monotonic()
            server.put("ClickStream", [{"UserId": "m", "Device": "m", "Event": name, "EventType": "Promotion",
                                        "Timestamp": int(time.time() * 1000)}])
            while not server.query(f"SELECT clicks FROM view_clicks_aggregate WHERE promotion = '{name}'"):
                pass
            latencies.append((time.monotonic() - sent) * 1000)
        loader.join()
        weir_process.wait_until("all counted", lambda: int(server.query(
            "SELECT sum(clicks) AS n FROM view_clicks_aggregate")[0]["n"]) == counted.value + marks)
        latencies.sort()
        print(f"{counted.value} clicks in {options.seconds} s ({counted.value / options.seconds:.0f}/s), all counted; "
              f"{len(latencies)} markers: p50 {latencies[len(latencies) // 2]:.0f} ms, "
              f"p99 {latencies[int(len(latencies) * 0.99)]:.0f} ms, max {latencies[-1]:.0f} ms")
        server.stop()


if __name__ == "__main__":
    main()
