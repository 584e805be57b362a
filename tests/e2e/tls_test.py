"""TLS as other programs speak it: curl with each version, what they refuse, and what plain HTTP is told."""
import socket
import ssl
import subprocess
import unittest
import urllib.parse
import warnings

from weir_process import WeirTest


class Tls(WeirTest):
    def setUp(self):
        super().setUp()
        self.weir = self.server("--tls", "self-signed")
        self.where = urllib.parse.urlparse(self.weir.url)

    def curl(self, *arguments, trust=True):
        """(exit code, output) of one request."""
        ca = ("--cacert", self.weir.certificate()) if trust else ()
        done = subprocess.run(["curl", "-sS", "--max-time", "30", *ca, *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_curl_with_each_version(self):
        show = ("-o", "/dev/null", "-w", "%{http_code} %{http_version} %{ssl_verify_result}", self.weir.url + "/livez")
        for version in ("1.2", "1.3"):
            self.assertEqual(self.curl("--http1.1", f"--tlsv{version}", "--tls-max", version, *show), (0, "200 1.1 0"))
        for version in ("1.2", "1.3"):
            self.assertEqual(self.curl("--http2", f"--tlsv{version}", "--tls-max", version, *show), (0, "200 2 0"))

    def test_curl_moves_a_large_body(self):
        body = self.path("body")
        body.write_text('{"a":"' + "x" * 1_000 + '"}\n' + "not json\n" * 400_000, encoding="ascii")
        code, answer = self.curl("--data-binary", f"@{body}", self.weir.url + "/v1/streams/ClickStream/records")
        self.assertEqual(code, 0, answer)
        self.assertIn('"rejected_count":400000', answer)

    def test_refused(self):
        self.assertEqual(self.curl(self.weir.url + "/livez", trust=False)[0], 60)
        code, answer = self.curl("--resolve", f"other.example:{self.where.port}:127.0.0.1",
                                 f"https://other.example:{self.where.port}/livez")
        self.assertEqual(code, 60, answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        warnings.simplefilter("ignore", DeprecationWarning)  # Old versions are the point.
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection((self.where.hostname, self.where.port), timeout=30) as raw:
            with self.assertRaises(ssl.SSLError):
                context.wrap_socket(raw)
        context = ssl.create_default_context(cafile=self.weir.certificate())
        context.set_alpn_protocols(["h3"])
        with socket.create_connection((self.where.hostname, self.where.port), timeout=30) as raw:
            with self.assertRaises(ssl.SSLError):
                context.wrap_socket(raw, server_hostname="localhost")

    def test_strict_verification(self):
        context = ssl.create_default_context(cafile=self.weir.certificate())
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with socket.create_connection((self.where.hostname, self.where.port), timeout=30) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as secure:
                self.assertEqual(secure.version(), "TLSv1.3")

    def test_plain_http_is_told(self):
        code, answer = self.curl(f"http://127.0.0.1:{self.where.port}/livez")
        self.assertEqual(code, 0, answer)
        self.assertIn("https://", answer)


if __name__ == "__main__":
    unittest.main()
