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
        depth = 1_000_000
        bombs = {
            "gzip": (hostile.post(b"\x1f\x8b\x08\x00" + bytes(10_000), "content-encoding: gzip"), 415),
            "gzip of any size": (hostile.post(b"", "content-encoding: gzip")[:-5] + b"1073741824\r\n\r\n", 415),
            "one GiB": (hostile.post(b"")[:-5] + b"1073741824\r\n\r\n", 413),
            "endless chunks": (hostile.post(b"", "transfer-encoding: chunked").replace(b"content-length: 0\r\n", b"") +
                               (b"100000\r\n" + bytes(0x100000) + b"\r\n") * 64, 413),
            "100,000 header fields": (b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 100_000 + b"\r\n", 431),
            "65 header fields": (b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 64 + b"\r\n", 431),
            "a line of 1 MiB": (b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", 431),
            "no HTTP": (b"\x16\x03\x01\x02\x00" + bytes(512) + b"\r\n\r\n", 400),
        }
        for name, (request, status) in bombs.items():
            for _ in range(8):
                answers = hostile.once(address, request)
                # A client that still sends may lose the answer to a reset; never is it another one.
                self.assertIn(dict(answers.statuses), ({status: 1}, {}) if len(request) > 1 << 20 else ({status: 1},), name)
                self.assertEqual(answers.unnamed, [], name)
        for text in ("[" * 400_000 + "]" * 400_000, '{"a":' * 150_000 + "1" + "}" * 150_000, '{"a":' + "[" * depth + "]" * depth + "}", "[" * depth, '{"a":' * depth, '{"a":"' + "x" * (7 << 20) + '"}'):
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
