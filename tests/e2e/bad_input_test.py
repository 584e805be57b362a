"""What each kind of bad input answers: a named error with the place and the remedy, and nothing else is lost."""
import json
import socket
import time
import unittest
import urllib.parse

from weir_process import ROOT, WeirTest, run

CLICK = {"UserId": "u1", "Device": "mobile", "Event": "P701", "EventType": "Promotion", "Timestamp": 0}


def click(**changes):
    return {**CLICK, "Timestamp": int(time.time() * 1000), **changes}


class BadRecords(WeirTest):
    def test_malformed_lines_are_named_and_the_others_kept(self):
        server = self.server()
        body = "\n".join([json.dumps(click()), "{not json", json.dumps(click()), "42", '{"a":1,"a":2}'])
        status, answer = server.request("POST", "/v1/streams/ClickStream/records", body)
        self.assertEqual(status, 200)
        answer = json.loads(answer)
        print(answer)
        self.assertEqual(answer["accepted"], 2)
        self.assertEqual([r["line"] for r in answer["rejected"]], [2, 4, 5])

    def test_depth_100000(self):
        server = self.server()
        status, answer = server.request("POST", "/v1/streams/ClickStream/records", '{"a":' + "[" * 100_000 + "]" * 100_000 + "}")
        print(status, answer[:200])
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(answer)["accepted"], 0)
        self.assertIn("nested", answer)

    def test_future_timestamp(self):
        server = self.server()
        status, answer = server.put("ClickStream", [click(Timestamp=int(time.time() * 1000) + 3_600_000), click()])
        print(answer)
        self.assertEqual((status, answer["accepted"]), (200, 1))
        self.assertIn("future", answer["rejected"][0]["error"])

    def test_unknown_stream_names_the_stream(self):
        server = self.server()
        status, answer = server.put("ClickStraem", [click()])
        print(status, answer)
        self.assertEqual(status, 404)
        self.assertIn("ClickStraem", answer)

    def test_one_gibibyte_body_is_refused_before_it_is_read(self):
        server = self.server()
        where = urllib.parse.urlparse(server.url)
        with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
            connection.sendall(f"POST /v1/streams/ClickStream/records HTTP/1.1\r\nHost: {where.netloc}\r\n"
                               f"Content-Length: {1 << 30}\r\n\r\n".encode())
            answer = connection.recv(4096).decode()
        print(answer)
        self.assertIn("413", answer.split("\r\n")[0])


class BadSql(WeirTest):
    def test_wrong_and_forbidden_sql(self):
        server = self.server()
        for sql, expected in {
            "SELECT nonsense FROM view_clicks_aggregate": "nonsense",
            "SELEC 1": "SELEC",
            "COPY (SELECT 1) TO '/tmp/x'": "SELECT",
            "SELECT 1; SELECT 2": "one",
            "SELECT * FROM read_text('/etc/passwd')": "read_text",
            "SELECT * FROM '/etc/passwd'": "passwd",
        }.items():
            status, answer = server.request("POST", "/v1/query", json.dumps({"sql": sql}),
                                            {"content-type": "application/json"})
            print(sql, "->", status, answer.strip())
            self.assertEqual(status, 400, sql)
            self.assertIn(expected, answer)
        self.assertEqual(server.query("SELECT 1 AS one"), [{"one": 1}])


class BadTemplate(WeirTest):
    def validate(self, text):
        path = self.path("template.yaml")
        path.write_text(text)
        done = run("stack", "validate", path, check=False)
        print(done.stderr)
        self.assertIn(done.returncode, (64, 65, 78))
        return done.stderr

    def test_unknown_type_property_and_reference(self):
        self.assertIn("Resources.A.Type", self.validate("Resources:\n  A:\n    Type: AWS::Kinesis::Straem\n"))
        self.assertIn("ShardCuont", self.validate(
            "Resources:\n  A:\n    Type: AWS::Kinesis::Stream\n    Properties:\n      ShardCuont: 1\n"))
        self.assertIn("Nothing", self.validate(
            "Resources:\n  A:\n    Type: AWS::Kinesis::Stream\n    Properties:\n      Name: !Ref Nothing\n      ShardCount: 1\n"))

    def test_wrong_streaming_sql_is_shown_with_a_caret(self):
        shipped = (ROOT / "stacks/ad-to-order.yaml").read_text()
        answer = self.validate(shipped.replace("WINDOWED BY STAGGER", "WINDOWED BY STAGGR", 1))
        self.assertIn("line", answer)
        self.assertIn("^", answer)


if __name__ == "__main__":
    unittest.main()
