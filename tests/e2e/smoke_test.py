"""The way of one click through the real program: in at the door, seen in a query, the same after kill -9 and in verify."""
import json
import subprocess
import time
import unittest

from weir_process import WEIR, WeirTest, rows_of, run, wait_until

CONVERSION = "SELECT * FROM view_conversion_ratio ORDER BY promotion"


def click(promotion, **changes):
    return {"UserId": "u1", "Device": "mobile", "Event": promotion, "EventType": "Promotion",
            "Timestamp": int(time.time() * 1000), **changes}


def order(number, *promotions):
    return {"OrderId": f"o{number}", "Timestamp": int(time.time() * 1000),
            "OrderLines": [{"ItemId": "I1", "Promotion": p, "UnitPrice": 9.99, "Quantity": 2} for p in promotions]}


class Smoke(WeirTest):
    def figures(self, server):
        return {row["promotion"]: (int(row["clicks"]), int(row["orders"]), row["conversion"])
                for row in server.query("SELECT promotion, sum(clicks) AS clicks, sum(orders) AS orders, "
                                        "sum(orders) * 100.0 / nullif(sum(clicks), 0) AS conversion "
                                        "FROM view_conversion_ratio GROUP BY 1")}

    def test_click_to_query_and_the_same_after_kill(self):
        server = self.server()
        clicks = [click("P1")] * 8 + [click("P2")] + [click("C301", EventType="Checkout")]
        self.assertEqual(server.put("ClickStream", clicks)[1]["accepted"], 10)
        self.assertEqual(server.put("OrderStream", [order(1, "P1", "P1"), order(2, "P1", "P3")])[1]["accepted"], 2)
        expected = {"P1": (8, 2, 25.0), "P2": (1, 0, 0.0), "P3": (0, 1, None)}
        wait_until("the figures", lambda: self.figures(server) == expected)

        server.kill()
        server.start()
        wait_until("the same figures after kill -9", lambda: self.figures(server) == expected)
        status, text = server.request("GET", "/readyz?verbose")
        self.assertEqual(status, 200, text)
        self.assertTrue(json.loads(text)["ready"])
        self.assertIn("weir_windows_open", server.request("GET", "/metrics")[1])
        self.assertEqual(server.stop(), 0)

        answer = run("query", "--data", self.data, "--format", "csv", CONVERSION)
        self.assertEqual({r["promotion"]: r["clicks"] for r in rows_of(answer.stdout)}, {"P1": "8", "P2": "1", "P3": "0"})
        print(run("verify", "--data", self.data).stdout)

    def test_second_process_is_refused_by_name(self):
        server = self.server()
        second = run("serve", "--data", self.data, "--listen", "127.0.0.1:0", check=False)
        self.assertEqual(second.returncode, 73, second.stderr)
        self.assertIn(str(server.process.pid), second.stderr)

    def test_exit_codes(self):
        self.assertEqual(run("--version").returncode, 0)
        for arguments, status in (
                (["serve", "--listen", "0.0.0.0:80", "--data", self.data], 78),
                (["serve", "--listen", "nowhere", "--data", self.data], 78),
                (["nonsense"], 64),
                (["query", "SELECT 1"], 64),
                (["query", "--data", self.path("nothing"), "SELECT 1"], 66),
                (["query", "--server", "http://127.0.0.1:9", "SELECT 1"], 69),
                (["verify", "--data", self.path("nothing")], 66),
                (["stack", "validate", self.path("nothing.yaml")], 66),
                (["check-config", "--config", self.path("nothing.toml")], 78)):
            done = run(*arguments, check=False)
            self.assertEqual(done.returncode, status, f"{arguments}: {done.stderr}")
        self.assertFalse(self.data.exists())

    def test_generated_files_are_counted_as_their_truth_says(self):
        files = {kind: self.path(f"{kind}.jsonl") for kind in ("clicks", "orders")}
        truth = {kind: json.loads(run("generate", kind, "--count", 20_000 if kind == "clicks" else 1_000, "--out", path,
                                      "--seed", 7, "--late", 0.02, "--out-of-order", 0.1, "--truth", "json").stdout)
                 for kind, path in files.items()}
        print(run("replay", "--data", self.data, "--put", f"ClickStream={files['clicks']}",
                  "--put", f"OrderStream={files['orders']}", "--arrival-field", "Timestamp").stdout.splitlines()[-1])
        done = run("query", "--data", self.data, "--format", "csv", "SELECT * FROM view_clicks_aggregate")
        clicks = {(r["date"], r["promotion"]): int(r["clicks"]) for r in rows_of(done.stdout)}
        self.assertEqual(clicks, {(r["date"], r["promotion"]): r["clicks"] for r in truth["clicks"]["rows"] if r["clicks"]})
        orders = {}
        for line in files["orders"].read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            for promotion in {li["Promotion"] for li in record["OrderLines"] if "Promotion" in li}:
                key = (record["Timestamp"][:10], promotion)
                orders[key] = orders.get(key, 0) + 1
        done = run("query", "--data", self.data, "--format", "csv", "SELECT * FROM view_orders_aggregate")
        self.assertEqual({(r["date"], r["promotion"]): int(r["orders"]) for r in rows_of(done.stdout)}, orders)
        self.assertEqual(subprocess.run([WEIR, "verify", "--data", str(self.data)], check=False).returncode, 0)


if __name__ == "__main__":
    unittest.main()
