"""The AWS SDK for JavaScript, which speaks HTTP/2: plain and over TLS, with and without keys; see javascript/client.mjs."""
import os
import subprocess
import unittest

from firehose_test import TEMPLATE
from weir_process import ROOT, WeirTest, run

FOLDER = ROOT / "tests/e2e/javascript"
SCENARIOS = ("reshard", "large", "subscribe", "errors", "firehose")


class JavaScript(WeirTest):
    def setUp(self):
        super().setUp()
        template = self.path("stack.yaml")
        template.write_text(TEMPLATE, encoding="utf-8")
        run("stack", "deploy", template, "--data", self.data)

    def check(self, server, *scenarios, key="any.any"):
        environment = {**os.environ, "WEIR_URL": server.url, "WEIR_KEY": key}
        if server.url.startswith("https:"):
            environment["NODE_EXTRA_CA_CERTS"] = server.certificate()
        done = subprocess.run(["node", "client.mjs", *scenarios], cwd=FOLDER, env=environment, capture_output=True, text=True,
                              timeout=300, check=False)
        print(done.stdout[-3000:], done.stderr[-3000:])
        self.assertEqual(done.returncode, 0)

    def test_plain(self):
        self.check(self.server(), *SCENARIOS)

    def test_over_tls_with_a_key(self):
        key = run("keys", "create", "all", "--data", self.data, "--role", "admin").stdout.strip()
        server = self.server("--auth", "on", "--tls", "self-signed", key=key)
        self.check(server, *SCENARIOS, key=key)
        self.check(server, "wrong_secret", key=key.split(".")[0] + ".wrong")


if __name__ == "__main__":
    unittest.main()
