"""A good client is served, every refusal has a name, what was accepted is durable and memory is bounded, whatever the others do."""
import json
import unittest
import urllib.parse

import hostile_clients as hostile
from weir_process import WeirTest, wait_until

PEAK = 768 << 20
GOOD_PUTS = 100


class HostileClients(WeirTest):
    def be_good(self, server, number):
        """Puts records one request at a time; every one is taken."""
        for i in range(number):
            status, answer = server.put("ClickStream", [{"UserId": f"good{i}", "Device": "m", "Event": "P1",
                                                         "EventType": "Promotion", "Timestamp": hostile.time.time_ns() // 1_000_000}])
            self.assertEqual((status, answer["accepted"] if status == 200 else answer), (200, 1))
        return number

    def expect_unharmed(self, server, accepted):
        """It answers, it stayed small, and all that it accepted is there even after kill -9."""
        self.assertEqual(server.request("GET", "/readyz")[0], 200)
        peak = hostile.peak_memory_bytes(server.process.pid)
        print(f"{accepted} records accepted, peak memory {peak >> 20} MiB")
        self.assertLess(peak, PEAK)
        server.kill()
        server.start()
        wait_until("all accepted records counted", lambda: self.counted(server) >= accepted)
        self.assertEqual(self.counted(server), accepted)

    def counted(self, server):
        rows = server.query("SELECT sum(clicks) AS n FROM view_clicks_aggregate")
        return int(rows[0]["n"] or 0)

    def address(self, server):
        where = urllib.parse.urlparse(server.url)
        return where.hostname, where.port

    def test_two_thousand_slow_connections(self):
        server = self.server()
        attack = hostile.Attack(hostile.slow_connections, server, ("head", "body", "reader"), 2_000)
        accepted = self.be_good(server, GOOD_PUTS)
        # The slow ones are given up, by name, while the good one is served.
        wait_until("slow heads refused",
                   lambda: 'code="408"' in server.request("GET", "/metrics")[1], 60)
        accepted += self.be_good(server, GOOD_PUTS)
        seen = attack.finish()
        print(seen)
        self.assertGreaterEqual(seen["opened"], 2_000)
        self.assertEqual(seen["unnamed"], [])
        self.expect_unharmed(server, accepted)

    def test_slow_handshakes(self):
        server = self.server("--tls", "self-signed")
        attack = hostile.Attack(hostile.slow_connections, server, ("handshake",), 2_000)
        accepted = self.be_good(server, GOOD_PUTS)
        print(attack.finish())
        self.expect_unharmed(server, accepted)

    def test_bombs(self):
        server = self.server()
        address = self.address(server)
        for name, (request, status) in hostile.HTTP_BOMBS.items():
            for _ in range(8):
                answers = hostile.once(address, request)
                # A client that still sends may lose the answer to a reset; never is it another one.
                self.assertIn(dict(answers.statuses), ({status: 1}, {}) if len(request) > 1 << 20 else ({status: 1},), name)
                self.assertEqual(answers.unnamed, [], name)
        for text in hostile.JSON_BOMBS:
            status, answer = server.request("POST", hostile.PATH, text)
            print(status, answer[:150])
            self.assertTrue(status in (400, 413) or json.loads(answer)["accepted"] == 0, answer[:300])
            self.assertIn("error", answer)
        self.expect_unharmed(server, self.be_good(server, 10))

    def test_pipelining_flood(self):
        server = self.server()
        attack = hostile.Attack(hostile.flood, server, 4, 10_000)
        accepted = self.be_good(server, GOOD_PUTS)
        seen = attack.finish()
        print(seen)
        self.assertEqual((seen["unnamed"], seen["lost"], seen["unanswered"]), ([], 0, 0))
        self.expect_unharmed(server, accepted + seen["accepted"])

    def test_overload(self):
        server = self.server()
        attacks = [hostile.Attack(hostile.flood, server, 200, 64) for _ in range(2)]
        accepted = self.be_good(server, GOOD_PUTS)
        refused = 0
        for attack in attacks:
            seen = attack.finish()
            print(seen)
            self.assertEqual((seen["unnamed"], seen["lost"], seen["unanswered"]), ([], 0, 0))
            accepted += seen["accepted"]
            refused += sum(n for status, n in seen["statuses"].items() if status != 200)
        print(f"{refused} refused")
        self.expect_unharmed(server, accepted)


if __name__ == "__main__":
    unittest.main()
