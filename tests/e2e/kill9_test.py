"""kill -9 at random moments under load: nothing acknowledged is lost, nothing is counted twice.

WEIR_KILLS sets how often (default 20), WEIR_SEED replays a run's moments.
"""
import os
import random
import threading
import time
import unittest

from weir_process import ROOT, WeirTest, run, wait_until

KILLS = int(os.environ.get("WEIR_KILLS", "20"))
SEED = int(os.environ.get("WEIR_SEED", str(random.SystemRandom().randrange(1 << 32))))
CLIENTS = 4


class Journal:
    """What clients know: each batch has a promotion of its own, so its figure tells its fate."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}
        self.unknown = {}
        self.next = 0

    def take(self):
        with self.lock:
            self.next += 1
            return f"B{self.next}"

    def note(self, promotion, clicks, acknowledged):
        with self.lock:
            (self.acknowledged if acknowledged else self.unknown)[promotion] = clicks


def client(server, journal, stop, generator):
    while not stop.is_set():
        promotion, clicks = journal.take(), generator.randrange(1, 200)
        records = [{"UserId": f"u{i}", "Device": "mobile", "Event": promotion, "EventType": "Promotion",
                    "Timestamp": int(time.time() * 1000)} for i in range(clicks)]
        status, body = server.put("ClickStream", records)
        if status == 200 and body["accepted"] != clicks:
            raise AssertionError(body)
        if status in (0, 200):  # 0: the answer was lost, the batch may or may not be there
            journal.note(promotion, clicks, status == 200)
        if status != 200:
            time.sleep(0.01)


def figures(server):
    """Clicks by promotion, as the views tell them."""
    return {row["promotion"]: int(row["clicks"])
            for row in server.query("SELECT promotion, sum(clicks) AS clicks FROM view_clicks_aggregate GROUP BY 1")}


def kill_at_random(server, kills, moments, span, workers):
    """Kills and starts the server again while a thread for each (function, place for its results) of `workers` uses it."""
    for _ in range(kills):
        stop = threading.Event()
        threads = [threading.Thread(target=work, args=(server, results, stop, random.Random(moments.random())))
                   for work, results in workers]
        for thread in threads:
            thread.start()
        time.sleep(moments.uniform(*span))  # the moment of the kill is the test's input
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server.start()


class Kill9(WeirTest):
    def test_nothing_lost_nothing_doubled(self):
        print(f"seed {SEED}, {KILLS} kills")
        moments = random.Random(SEED)
        journal = Journal()
        # Windows and buffers of a second, so that the kills also fall into closing, checkpoints and delivery.
        stack = self.path("stack.yaml")
        text = (ROOT / "stacks/ad-to-order.yaml").read_text()
        stack.write_text(text.replace("RANGE INTERVAL '1' MINUTE", "RANGE INTERVAL '1' SECOND")
                         .replace("IntervalInSeconds: 900", "IntervalInSeconds: 1"))
        server = self.server("--stack", str(stack))
        kill_at_random(server, KILLS, moments, (0.05, 1.2), [(client, journal)] * CLIENTS)
        total = sum(journal.acknowledged.values())
        wait_until("every acknowledged click counted", lambda: sum(figures(server).values()) >= total)
        found = figures(server)
        lost = {p: n for p, n in journal.acknowledged.items() if found.get(p) != n}
        torn = {p: n for p, n in journal.unknown.items() if found.get(p, n) != n}
        invented = found.keys() - journal.acknowledged.keys() - journal.unknown.keys()
        print(f"{KILLS} kills: {len(journal.acknowledged)} batches with {total} clicks acknowledged, "
              f"{len(journal.unknown)} unknown; wrong: {len(lost)}, torn: {len(torn)}, invented: {len(invented)}")
        self.assertFalse(lost)
        self.assertFalse(torn)
        self.assertFalse(invented)
        self.assertEqual(server.stop(), 0)
        print(run("verify", "--data", self.data).stdout)


if __name__ == "__main__":
    unittest.main()
