"""A signed request that arrives again: it happens once, and is answered as the first time."""
import http.client
import json
import threading
import time
import unittest
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from weir_process import WeirTest, run, wait_until


def signed(server, key, target, body, earlier=0):
    """The request as botocore signs it, some seconds earlier: headers and body."""
    request = botocore.awsrequest.AWSRequest("POST", server.url + "/", {
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202." + target}, json.dumps(body).encode())
    key_id, secret = key.split(".", 1)
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key_id, secret), "kinesis", "us-east-1")
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - earlier))
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
        f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}, Signature={signer.signature(text, request)}")
    prepared = request.prepare()
    return dict(prepared.headers), prepared.body


def send(server, headers, body):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=30)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Replay(WeirTest):
    def key(self, *roles):
        arguments = [part for role in roles for part in ("--role", role)]
        return run("keys", "create", "-".join(roles), "--data", self.data, *arguments).stdout.strip()

    def test_a_recorded_request_stores_nothing_again(self):
        admin = self.key("admin")
        server = self.server("--auth", "on", key=admin)
        record = {"StreamName": "ClickStream", "PartitionKey": "u1", "Data": "e30="}
        headers, body = signed(server, admin, "PutRecord", record)
        first = send(server, headers, body)
        self.assertEqual(first[0], 200, first[1])
        self.assertEqual([send(server, headers, body) for _ in range(5)], [first] * 5)

        at_once = [None] * 8
        headers, body = signed(server, admin, "PutRecord", {**record, "PartitionKey": "u2"})

        def put(i):
            at_once[i] = send(server, headers, body)
        threads = [threading.Thread(target=put, args=(i,)) for i in range(len(at_once))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(at_once, [at_once[0]] * len(at_once))
        self.assertEqual(at_once[0][0], 200)

        numbers = {json.loads(first[1])["SequenceNumber"], json.loads(at_once[0][1])["SequenceNumber"]}
        stored = []
        shards = json.loads(send(server, *signed(server, admin, "ListShards", {"StreamName": "ClickStream"}))[1])["Shards"]
        for shard in shards:
            iterator = json.loads(send(server, *signed(server, admin, "GetShardIterator", {
                "StreamName": "ClickStream", "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}))[1])
            stored += json.loads(send(server, *signed(server, admin, "GetRecords", iterator))[1])["Records"]
        self.assertEqual(sorted(each["SequenceNumber"] for each in stored), sorted(numbers))
        self.assertIn('weir_auth_replayed_requests_total{result="answered"} 12', server.request("GET", "/metrics")[1])

    def test_what_stored_nothing_may_be_tried_again(self):
        admin = self.key("admin")
        server = self.server("--auth", "on", "--shard-records-per-second", "5", key=admin)

        def batch(key, count):
            return signed(server, admin, "PutRecords", {"StreamName": "ClickStream", "Records": [
                {"PartitionKey": key, "ExplicitHashKey": "0", "Data": "e30="}] * count})

        def failed(answer):
            self.assertEqual(answer[0], 200, answer[1])
            return json.loads(answer[1])["FailedRecordCount"]
        part = batch("part", 50)
        first = send(server, *part)
        self.assertTrue(0 < failed(first) < 50)
        refused = []

        def none_stored():
            refused.append(batch(f"none{len(refused)}", 5))
            return failed(send(server, *refused[-1])) == 5
        wait_until("a request of which nothing is stored", none_stored)
        # What was stored in part is not stored again; what was not stored at all is, when there is room, and once.
        self.assertEqual(send(server, *part), first)
        answers = []

        def some_stored():
            answers.append(send(server, *refused[-1]))
            return failed(answers[-1]) < 5
        wait_until("room in the shard", some_stored)
        self.assertEqual(send(server, *refused[-1]), answers[-1])

    def test_old_and_changed_requests_are_refused(self):
        admin = self.key("admin")
        server = self.server("--auth", "on", key=admin)
        record = {"StreamName": "ClickStream", "PartitionKey": "u1", "Data": "e30="}
        headers, body = signed(server, admin, "PutRecord", record)
        status, answer = send(server, {**headers, "X-Amz-Target": "Kinesis_20131202.DeleteStream"}, body)
        self.assertEqual((status, json.loads(answer)["__type"]), (400, "InvalidSignatureException"))
        status, answer = send(server, headers, body.replace(b"u1", b"u2"))
        self.assertEqual((status, json.loads(answer)["__type"]), (400, "InvalidSignatureException"))
        self.assertIn("The request signature we calculated does not match", answer)

        headers, body = signed(server, admin, "PutRecord", record, earlier=310)
        status, answer = send(server, headers, body)
        self.assertEqual(status, 400)
        self.assertIn("Signature expired: ", answer)
        self.assertIn(" - 5 min.)", answer)


if __name__ == "__main__":
    unittest.main()
