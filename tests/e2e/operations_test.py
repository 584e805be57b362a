"""What an operator meets: a disk that cannot be synced, an impatient second signal, records past their retention."""
import datetime
import json
import pathlib
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse

from weir_process import WeirTest, rows_of, run, wait_until

CLICKS = "SELECT coalesce(sum(clicks), 0) AS clicks FROM view_clicks_aggregate"


def click(number):
    return {"UserId": f"u{number}", "Device": "mobile", "Event": "P1", "EventType": "Promotion",
            "Timestamp": int(time.time() * 1000)}


class Operations(WeirTest):
    def test_a_failed_sync_stops_the_server_and_loses_nothing(self):
        server = self.server()
        acknowledged = 0
        for number in range(20):
            self.assertEqual(server.put("ClickStream", [click(number)])[0], 200)
            acknowledged += 1
        process = server.process
        fault = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(process.pid), "-e",
                                  "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(fault.kill)

        def traced():
            """Whether every thread is: from then on none of them can sync."""
            if fault.poll() is not None:
                self.skipTest(f"strace may not attach here: {fault.stderr.read()}")
            threads = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
            return all("TracerPid:\t0" not in (thread / "status").read_text(encoding="ascii") for thread in threads)

        wait_until("strace has attached", traced)
        refused = 0
        while process.poll() is None and refused < 10_000:
            status, answer = server.put("ClickStream", [click(99)])
            self.assertNotEqual(status, 200, "acknowledged though it could not be synced")
            refused += 1
        self.assertEqual(process.wait(timeout=60), 74)
        self.assertTrue(any("server.sync_failed" in line for line in server.log), server.log[-5:])
        fault.communicate(timeout=60)
        print(f"{refused} refused, exit 74")

        server.start()
        # What was not acknowledged may be there or not; what was, is.
        found = wait_until("the acknowledged clicks", lambda: (
            lambda n: n if n >= acknowledged else None)(int(server.query(CLICKS)[0]["clicks"])))
        self.assertLessEqual(found, acknowledged + refused)
        self.assertEqual(server.put("ClickStream", [click(100)])[0], 200)
        self.assertEqual(server.stop(), 0)
        run("verify", "--data", self.data)

    def test_a_second_signal_ends_at_once(self):
        server = self.server()
        self.assertEqual(server.put("ClickStream", [click(1)])[0], 200)
        address = urllib.parse.urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port)) as unfinished:
            # A request that never ends is waited for, up to the drain time.
            unfinished.sendall(b"POST /v1/streams/ClickStream/records HTTP/1.1\r\nHost: localhost\r\n"
                               b"Content-Length: 100000\r\n\r\n{")
            wait_until("the request is being read", lambda: server.request("GET", "/livez")[0] == 200)
            server.process.send_signal(signal.SIGTERM)
            wait_until("it is stopping", lambda: any("server.stopping" in line for line in server.log))
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(timeout=20), 128 + signal.SIGTERM)
        server.start()
        wait_until("nothing was lost", lambda: int(server.query(CLICKS)[0]["clicks"]) == 1)
        self.assertEqual(server.stop(), 0)

    def test_records_past_their_retention_are_removed_and_their_figures_stay(self):
        clicks = self.path("clicks.jsonl")
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=30)
        run("generate", "clicks", "--count", 1_500_000, "--rate", 500, "--out", clicks, "--seed", 5, "--start",
            start.strftime("%Y-%m-%dT%H:%M:%SZ"))
        run("replay", "--data", self.data, "--put", f"ClickStream={clicks}", "--arrival-field", "Timestamp")
        folder = self.data / "streams" / "ClickStream"
        before = len(list(folder.rglob("*.segment")))
        self.assertGreater(before, 2)
        counted = int(rows_of(run("query", "--data", self.data, "--format", "csv", CLICKS).stdout)[0]["clicks"])
        server = self.server()
        wait_until("old segments are removed", lambda: len(list(folder.rglob("*.segment"))) < before, 120)
        self.assertEqual(int(server.query(CLICKS)[0]["clicks"]), counted)
        self.assertEqual(server.put("ClickStream", [click(1)])[0], 200)
        wait_until("it goes on counting", lambda: int(server.query(CLICKS)[0]["clicks"]) == counted + 1)
        self.assertEqual(server.stop(), 0)
        print(json.dumps({"segments_before": before, "segments_after": len(list(folder.rglob("*.segment")))}))
        run("verify", "--data", self.data)


if __name__ == "__main__":
    unittest.main()
