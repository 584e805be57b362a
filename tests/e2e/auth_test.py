"""Keys, roles, sessions and TLS through real processes: the command line, curl, boto3 and a browser."""
import hashlib
import json
import os
import re
import socket
import ssl
import stat
import subprocess
import unittest
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

from weir_process import ROOT, WEIR, WeirTest, run, wait_until

CLICK = {"UserId": "u1", "Device": "mobile", "Event": "P1", "EventType": "Promotion", "Timestamp": 1}


def kinesis(server, key):
    key_id, secret = key.split(".", 1)
    return boto3.client("kinesis", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key_id,
                        aws_secret_access_key=secret,
                        verify=server.certificate() if server.url.startswith("https:") else None,
                        config=botocore.config.Config(retries={"max_attempts": 0}))


def id_of(key):
    return key.split(".")[0]


class Auth(WeirTest):
    def key(self, name, *roles, streams=()):
        arguments = [part for role in roles for part in ("--role", role)]
        arguments += [part for stream in streams for part in ("--stream", stream)]
        done = run("keys", "create", name, "--data", self.data, *arguments)
        self.assertNotIn(done.stdout.strip().split(".")[1], done.stderr)
        return done.stdout.strip()

    def guarded(self, *arguments):
        """A server that asks for keys, one key of each role, and the administrator's as the default."""
        self.keys = {role: self.key(role, role) for role in ("admin", "operator", "analyst", "viewer", "ingest")}
        return self.server("--auth", "on", *arguments, key=self.keys["admin"])

    def status(self, server, key, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        else:
            headers["authorization"] = ""
        return server.request(method, path, body, headers)

    def keys_command(self, server, *arguments, key=None, check=True):
        environment = {**os.environ, "WEIR_KEY": key or self.keys["admin"]}
        done = subprocess.run([WEIR, "keys", *arguments, "--server", server.url], capture_output=True, text=True,
                              env=environment, check=False)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_each_role_by_name(self):
        server = self.guarded()
        query = json.dumps({"sql": "SELECT 1 AS one"})
        record = json.dumps(CLICK)
        for method, path, body, allowed in (
                ("GET", "/", None, "admin operator analyst viewer ingest"),
                ("GET", "/livez", None, "admin operator analyst viewer ingest"),
                ("GET", "/readyz?verbose", None, "admin operator"),
                ("GET", "/metrics", None, "admin operator"),
                ("GET", "/v1/dashboards/conversion", None, "admin operator analyst viewer"),
                ("POST", "/v1/query", query, "admin operator analyst"),
                ("POST", "/v1/streams/ClickStream/records", record, "admin ingest"),
                ("GET", "/v1/keys", None, "admin")):
            for role, key in self.keys.items():
                status, answer = self.status(server, key, method, path, body)
                if role in allowed.split():
                    self.assertEqual(status, 200, f"{role} {method} {path}: {answer}")
                else:
                    self.assertEqual(status, 403, f"{role} {method} {path}: {answer}")
                    self.assertIn(f"key {id_of(key)} may not", answer)
                    self.assertIn(f"its role is {role}", answer)
        server.key = None
        for path in ("/metrics", "/readyz?verbose", "/v1/keys", "/v1/dashboards/conversion", "/version", "/nothing"):
            status, answer = server.request("GET", path)
            self.assertEqual(status, 404 if path == "/nothing" else 401, f"{path}: {answer}")
        self.assertEqual(server.request("GET", "/readyz")[0], 200)
        audit = (self.data / "audit.log").read_text(encoding="utf-8")
        self.assertTrue(all(json.loads(line)["event"] for line in audit.splitlines()))
        self.assertIn(f'"key":"{id_of(self.keys["viewer"])}","object":"GET /metrics","reason":"not_allowed"', audit)
        for key in self.keys.values():
            self.assertNotIn(key.split(".")[1], audit + "".join(server.log))
        self.assertEqual(stat.S_IMODE((self.data / "secret.key").stat().st_mode), 0o600)
        server.key = self.keys["operator"]
        metrics = server.request("GET", "/metrics")[1]
        self.assertRegex(metrics, r'weir_auth_failures_total\{reason="not_allowed"\} [1-9]')

    def test_every_route_has_its_roles(self):
        everyone = ("nobody", "admin", "operator", "analyst", "viewer", "ingest")
        keys, viewers, analysts, operators, admins = everyone[1:], everyone[1:5], everyone[1:4], everyone[1:3], everyone[1:2]
        routes = {  # As the server names them in its figures: one request to each, who comes through.
            "/": ("GET", "/", everyone),
            "/assets/{rest...}": ("GET", "/assets/none", everyone),
            "/livez": ("GET", "/livez", everyone),
            "/readyz": ("GET", "/readyz?verbose", operators),
            "/healthz": ("GET", "/healthz?verbose", operators),
            "/metrics": ("GET", "/metrics", operators),
            "/version": ("GET", "/version", keys),
            "/weir.js": ("GET", "/weir.js", everyone),
            "/p.gif": ("GET", "/p.gif", everyone),
            "/v1/collect": ("POST", "/v1/collect", everyone),
            "/v1/webhooks/{name}": ("POST", "/v1/webhooks/none", everyone),
            "/v1/session": ("POST", "/v1/session", everyone),
            "/v1/keys": ("GET", "/v1/keys", admins),
            "/v1/keys/{name}": ("DELETE", "/v1/keys/none", admins),
            "/v1/keys/{name}/rotate": ("POST", "/v1/keys/none/rotate", admins),
            "/v1/stack": ("GET", "/v1/stack", operators),
            "/v1/query": ("POST", "/v1/query", analysts),
            "/v1/dashboards/conversion": ("GET", "/v1/dashboards/conversion", viewers),
            "/v1/dashboards/conversion/events": ("HEAD", "/v1/dashboards/conversion/events", viewers),
            "/v1/streams/{name}/records": ("POST", "/v1/streams/ClickStream/records", ("admin", "ingest"))}
        server = self.guarded()
        metrics = server.request("GET", "/metrics")[1]
        served = set(re.findall(r'weir_http_request_duration_seconds_count\{route="(/[^"]*)"', metrics))
        self.assertEqual(served, set(routes), "a route without a row here: does src/auth/access.cc have a rule for it?")
        for route, (method, path, allowed) in routes.items():
            for who in everyone:
                status, answer = self.status(server, self.keys.get(who), method, path, "{}" if method == "POST" else None)
                self.assertEqual(status not in (401, 403), who in allowed, f"{who} {method} {path}: {status} {answer[:200]}")

    def test_signed_requests(self):
        server = self.guarded()
        put = {"StreamName": "ClickStream", "Data": json.dumps(CLICK), "PartitionKey": "u1"}
        self.assertIn("SequenceNumber", kinesis(server, self.keys["ingest"]).put_record(**put))
        for what, key, wanted in (
                ("a wrong secret", id_of(self.keys["ingest"]) + ".wrong", "InvalidSignatureException"),
                ("an unknown key", "WEIRAAAAAAAAAAAAAAAA.wrong", "InvalidSignatureException"),
                ("another role", self.keys["viewer"], "AccessDeniedException")):
            with self.assertRaises(botocore.exceptions.ClientError, msg=what) as caught:
                kinesis(server, key).put_record(**put)
            error = caught.exception.response["Error"]
            self.assertEqual(error["Code"], wanted, f"{what}: {error}")
        first = {"StreamName": "ClickStream", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        self.assertIn("ShardIterator", kinesis(server, self.keys["analyst"]).get_shard_iterator(**first))
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            kinesis(server, self.keys["ingest"]).get_shard_iterator(**first)
        self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDeniedException")
        unsigned = server.request("POST", "/", "{}", {"x-amz-target": "Kinesis_20131202.ListStreams", "authorization": "",
                                                      "content-type": "application/x-amz-json-1.1"})
        self.assertEqual(unsigned[0], 400)

    def test_scope_bounds_streams(self):
        key = self.key("clicks", "ingest", streams=["Click*"])
        server = self.server("--auth", "on", key=key)
        self.assertEqual(server.put("ClickStream", [CLICK])[0], 200)
        status, answer = server.put("OrderStream", [{"OrderId": "o"}])
        self.assertEqual(status, 403)
        self.assertIn("bound to other streams", answer)

    def test_scope_bounds_what_is_seen(self):
        views = json.dumps({"sql": "SELECT * FROM view_clicks_aggregate"})
        bound = self.key("bound", "analyst", streams=["OrderStream"])
        wider = self.key("wider", "analyst", streams=["*"])
        server = self.server("--auth", "on", key=wider)
        status, answer = self.status(server, bound, "POST", "/v1/query", views)
        self.assertEqual(status, 403, answer)
        self.assertRegex(answer, "reads table '.*', which stream '.*' feeds, and the key is bound to other streams")
        self.assertEqual(self.status(server, bound, "POST", "/v1/query", '{"sql":"SELECT 1"}')[0], 200)
        status, answer = self.status(server, bound, "GET", "/v1/dashboards/conversion")
        self.assertEqual(status, 403, answer)
        self.assertIn("without --stream", answer)
        self.assertEqual(self.status(server, bound, "GET", "/v1/dashboards/conversion/events")[0], 403)
        self.assertEqual(self.status(server, wider, "POST", "/v1/query", views)[0], 200)
        self.assertEqual(self.status(server, wider, "GET", "/v1/dashboards/conversion")[0], 200)
        stream = re.search("which stream '(.*)' feeds", self.status(server, bound, "POST", "/v1/query", views)[1]).group(1)
        server.stop()
        exact = self.key("exact", "analyst", streams=[stream])
        server.start()
        self.assertEqual(self.status(server, exact, "POST", "/v1/query", views)[0], 200)

    def test_rotation_and_revocation(self):
        server = self.guarded()
        made = json.loads(self.keys_command(server, "create", "shop", "--role", "ingest", "--json").stdout)
        old = f"{made['id']}.{made['secret']}"
        new = self.keys_command(server, "rotate", "shop").stdout.strip()
        self.assertNotEqual(old, new)
        third = self.keys_command(server, "rotate", "shop", check=False)
        self.assertNotEqual(third.returncode, 0)
        record = json.dumps(CLICK)
        path = "/v1/streams/ClickStream/records"
        put = {"StreamName": "ClickStream", "Data": record, "PartitionKey": "u"}
        for key in (old, new):
            self.assertEqual(self.status(server, key, "POST", path, record)[0], 200)
            kinesis(server, key).put_record(**put)
        self.keys_command(server, "revoke", id_of(old))
        self.assertEqual(self.status(server, old, "POST", path, record)[0], 401)
        with self.assertRaises(botocore.exceptions.ClientError):
            kinesis(server, old).put_record(**put)
        self.assertEqual(self.status(server, new, "POST", path, record)[0], 200)
        kinesis(server, new).put_record(**put)
        listed = self.keys_command(server, "list").stdout
        self.assertRegex(listed, rf"{id_of(old)} +shop .*revoked")
        self.assertRegex(listed, rf"{id_of(new)} +shop .*active")
        self.assertNotIn(new.split(".")[1], listed)
        refused = self.keys_command(server, "list", key=self.keys["operator"], check=False)
        self.assertEqual(refused.returncode, 77, refused.stderr)
        # What the server knows of keys is durable.
        server.kill()
        server.start()
        self.assertEqual(self.status(server, old, "POST", path, record)[0], 401)
        self.assertEqual(self.status(server, new, "POST", path, record)[0], 200)

    def test_guessing_is_slowed_down(self):
        server = self.guarded()
        statuses = [self.status(server, id_of(self.keys["viewer"]) + f".guess{i}", "GET", "/v1/dashboards/conversion")[0]
                    for i in range(15)]
        self.assertEqual(statuses[:10], [401] * 10)
        self.assertEqual(statuses[-1], 429)
        for name in ("viewer", "analyst"):  # Whose key is right, whatever others try.
            self.assertEqual(self.status(server, self.keys[name], "GET", "/v1/dashboards/conversion")[0], 200)
        codes = []
        for _ in range(12):
            with self.assertRaises(botocore.exceptions.ClientError) as caught:
                kinesis(server, id_of(self.keys["ingest"]) + ".wrong").list_streams()
            codes.append(caught.exception.response["Error"]["Code"])
        self.assertEqual((codes[0], codes[-1]), ("InvalidSignatureException", "LimitExceededException"))
        self.assertIn("ClickStream", kinesis(server, self.keys["ingest"]).list_streams()["StreamNames"])

    def test_refuses_to_start_unguarded(self):
        for arguments, wanted in (
                (["--listen", "0.0.0.0:0"], "weir keys create admin --role admin"),
                (["--listen", "0.0.0.0:0", "--auth", "off", "--tls", "self-signed"], "auth is off"),
                (["--listen", "0.0.0.0:0", "--auth", "on"], "--tls self-signed"),
                (["--listen", "[::]:0", "--tls", "self-signed"], "there is no key yet"),
                (["--auth", "on"], f"weir keys create admin --role admin --data {self.data}"),
                (["--tls", "files"], "tls_certificate")):
            done = run("serve", "--data", self.data, *(["--listen", "127.0.0.1:0"] if "--listen" not in arguments else []),
                       *arguments, check=False, timeout=60)
            self.assertEqual(done.returncode, 78, f"{arguments}: {done.stderr}")
            self.assertIn(wanted, done.stderr)

    def test_tls(self):
        server = self.guarded("--tls", "self-signed")
        self.assertTrue(server.url.startswith("https:"))
        pem = (self.data / "tls/certificate.pem").read_text(encoding="utf-8")
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
        fingerprint = ":".join(f"{byte:02X}" for byte in digest)
        self.assertIn(fingerprint, "".join(server.log))
        self.assertEqual(stat.S_IMODE((self.data / "tls/key.pem").stat().st_mode), 0o600)
        curl = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{ssl_verify_result}"]
        trusted = subprocess.run([*curl, "--cacert", server.certificate(), f"{server.url}/livez"], capture_output=True,
                                 text=True, check=False)
        self.assertEqual(trusted.stdout, "200 0", trusted.stderr)
        self.assertEqual(subprocess.run([*curl, f"{server.url}/livez"], capture_output=True, check=False).returncode, 60)
        for old in ("--tlsv1.0", "--tlsv1.1"):
            done = subprocess.run([*curl, "--insecure", old, "--tls-max", old[-3:], f"{server.url}/livez"],
                                  capture_output=True, check=False)
            self.assertNotEqual(done.returncode, 0, old)
        plain = subprocess.run([*curl, server.url.replace("https:", "http:") + "/livez"], capture_output=True, text=True,
                               check=False)
        self.assertNotIn("200", plain.stdout)
        kinesis(server, self.keys["ingest"]).put_record(StreamName="ClickStream", Data=json.dumps(CLICK), PartitionKey="u")
        self.client_commands(server)
        # The certificate stays the same one.
        server.stop()
        server.start()
        self.assertEqual((self.data / "tls/certificate.pem").read_text(encoding="utf-8"), pem)

    def client_commands(self, server):
        key_file = self.path("admin.key")
        key_file.write_text(self.keys["admin"] + "\n", encoding="utf-8")
        key_file.chmod(0o644)
        seen = run("keys", "list", "--server", server.url, "--ca", server.certificate(), "--key-file", key_file, check=False)
        self.assertEqual(seen.returncode, 78, seen.stderr)
        self.assertIn(f"chmod 600 {key_file}", seen.stderr)
        key_file.chmod(0o600)
        clicks = self.path("clicks.jsonl")
        clicks.write_text(json.dumps(CLICK) + "\n", encoding="utf-8")
        access = ["--server", server.url, "--ca", server.certificate(), "--key-file", key_file]
        run("put", "ClickStream", clicks, *access)
        wait_until("both clicks", lambda: run("query", "--format", "csv", *access, "SELECT sum(clicks) AS n FROM "
                                              "view_clicks_aggregate").stdout.split() == ["n", "2"])
        self.assertIn("admin", run("keys", "list", *access).stdout)
        self.assertRegex(run("stack", "describe", *access).stdout, "(?s)AWS::Kinesis::Stream .*ClickStream.*delivery stream")
        wrong = run("query", "SELECT 1", "--server", server.url, "--key-file", key_file, check=False)
        self.assertEqual(wrong.returncode, 69, wrong.stderr)
        nobody = run("query", "SELECT 1", "--server", server.url, "--ca", server.certificate(), check=False)
        self.assertEqual(nobody.returncode, 77, nobody.stderr)

    def test_other_machines(self):
        key = self.key("viewer", "viewer")
        server = self.server("--tls", "self-signed", listen="0.0.0.0:0", key=key)
        port = server.url.rsplit(":", 1)[1]
        own = socket.gethostname()
        for host in ("127.0.0.1", "localhost", own):
            done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", server.certificate(),
                                   f"https://{host}:{port}/v1/dashboards/conversion"], capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout, "401", f"{host}: {done.stderr}")
        self.assertEqual(server.request("GET", "/v1/dashboards/conversion")[0], 200)
        self.assertEqual(server.request("GET", "/v1/dashboards/conversion", headers={"Host": "evil.example"})[0], 421)

    def test_bad_certificates_are_named(self):
        text = self.path("text.pem")
        text.write_text("no certificate", encoding="utf-8")
        text.chmod(0o600)
        for file in (text, self.path("nothing.pem")):
            done = run("serve", "--data", self.data, "--listen", "127.0.0.1:0", "--tls", "files", "--tls-certificate", file,
                       "--tls-key", file, check=False, timeout=60)
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn("tls = files: ", done.stderr)
        text.chmod(0o644)
        done = run("serve", "--data", self.data, "--listen", "127.0.0.1:0", "--tls", "files", "--tls-certificate", text,
                   "--tls-key", text, check=False, timeout=60)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn(f"chmod 600 {text}", done.stderr)

    def test_an_open_stream_ends_with_its_key(self):
        server = self.guarded()
        stream = urllib.request.urlopen(urllib.request.Request(  # pylint: disable=consider-using-with
            f"{server.url}/v1/dashboards/conversion/events", headers={"authorization": f"Bearer {self.keys['viewer']}"}),
            timeout=30)
        self.addCleanup(stream.close)
        self.assertIn(b"event: data", stream.readline() + stream.readline() + stream.readline())
        self.keys_command(server, "revoke", id_of(self.keys["viewer"]))
        self.assertIn(b"event: ended", stream.read())

    def log_in_by_browser(self, server):
        done = subprocess.run(["node", "e2e/check_login.mjs", server.url, self.keys["viewer"], self.keys["ingest"]],
                              cwd=ROOT / "web", capture_output=True, text=True, timeout=300, check=False)
        print(done.stdout[-3000:], done.stderr[-3000:])
        self.assertEqual(done.returncode, 0)

    def test_console_login(self):
        self.log_in_by_browser(self.guarded())

    def test_console_login_over_tls(self):
        self.log_in_by_browser(self.guarded("--tls", "self-signed"))

    def test_sessions(self):
        server = self.guarded()
        server.key = None
        body = json.dumps({"key": self.keys["analyst"]})
        jar = self.path("cookies")
        curl = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-b", str(jar), "-c", str(jar)]

        def ask(*arguments):
            return subprocess.run([*curl, *arguments], capture_output=True, text=True, check=True).stdout

        self.assertEqual(ask("-d", body, f"{server.url}/v1/session"), "201")
        dashboard = f"{server.url}/v1/dashboards/conversion"
        query = ["-d", '{"sql":"SELECT 1"}', f"{server.url}/v1/query"]
        self.assertEqual(ask(dashboard), "200")
        self.assertEqual(ask(*query), "403", "a change needs the page's header")
        self.assertEqual(ask("-H", "x-weir-request: 1", *query), "200")
        self.assertEqual(ask("-H", "x-weir-request: 1", "-H", "Origin: https://evil.example", *query), "403")
        self.assertEqual(ask("-H", "x-weir-request: 1", "-H", "Sec-Fetch-Site: cross-site", *query), "403")
        self.keys_command(server, "revoke", id_of(self.keys["analyst"]))
        self.assertEqual(ask(dashboard), "401", "the key's sessions end with it")


if __name__ == "__main__":
    unittest.main()
