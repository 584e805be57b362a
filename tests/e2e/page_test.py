"""The page in a real browser: what web/e2e/check_page.mjs asks of it, with traffic and empty; and the page's unit tests."""
import subprocess
import unittest

from weir_process import ROOT, WeirTest, wait_until

WEB = ROOT / "web"


class Page(WeirTest):
    def check(self, server):
        done = subprocess.run(["node", "e2e/check_page.mjs", server.url], cwd=WEB, capture_output=True, text=True,
                              timeout=300)
        print(done.stdout[-3000:], done.stderr[-3000:])
        self.assertEqual(done.returncode, 0)

    def test_with_traffic(self):
        server = self.server("--demo")
        wait_until("an order", lambda: server.query("SELECT 1 AS one FROM view_orders_aggregate LIMIT 1"))
        self.check(server)

    def test_empty(self):
        self.check(self.server())

    def test_units(self):
        subprocess.run(["npm", "run", "--silent", "test"], cwd=WEB, check=True, timeout=300)


if __name__ == "__main__":
    unittest.main()
