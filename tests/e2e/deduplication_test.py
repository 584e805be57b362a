"""Each event once, by its id: through retries, lost answers, kill -9 and several doors."""
import json
import random
import socket
import threading
import unittest
import urllib.parse

import boto3
import botocore.config

from weir_process import WeirTest, run

STACK = """
Resources:
  Orders: {Type: "AWS::Kinesis::Stream", Properties: {Name: Orders, ShardCount: 2}}
  Once: {Type: "Weir::Deduplication", Properties: {Stream: Orders, EventIdField: OrderId, HorizonHours: 24}}
"""


def order(number):
    return {"OrderId": f"order-{number}", "Amount": number}


class Deduplication(WeirTest):
    def setUp(self):
        super().setUp()
        self.stack = self.path("stack.yaml")
        self.stack.write_text(STACK)

    def start(self):
        return self.server("--stack", str(self.stack))

    def kinesis(self, server):
        return boto3.client("kinesis", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="a",
                            aws_secret_access_key="b", config=botocore.config.Config(retries={"max_attempts": 0}))

    def stored(self, server):
        """The order ids of the stream's records."""
        kinesis = self.kinesis(server)
        ids = []
        for shard in kinesis.list_shards(StreamName="Orders")["Shards"]:
            iterator = kinesis.get_shard_iterator(StreamName="Orders", ShardId=shard["ShardId"],
                                                  ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while True:
                answer = kinesis.get_records(ShardIterator=iterator, Limit=10_000)
                ids += [json.loads(record["Data"])["OrderId"] for record in answer["Records"]]
                if not answer["Records"]:
                    break
                iterator = answer["NextShardIterator"]
        return ids

    def put_and_leave(self, server, records):
        """Sends a request and hangs up without waiting for the answer."""
        body = "\n".join(json.dumps(each) for each in records) + "\n"
        host = urllib.parse.urlsplit(server.url).netloc
        try:
            with socket.create_connection(host.split(":")) as connection:
                connection.sendall(f"POST /v1/streams/Orders/records HTTP/1.1\r\nhost: {host}\r\n"
                                   f"content-length: {len(body)}\r\n\r\n{body}".encode())
        except OSError:
            pass  # The server was killed.

    def test_one_event_through_every_door(self):
        server = self.start()
        kinesis = self.kinesis(server)
        first = kinesis.put_record(StreamName="Orders", Data=json.dumps(order(1)), PartitionKey="x")
        again = kinesis.put_record(StreamName="Orders", Data=json.dumps({"Retried": True, **order(1)}), PartitionKey="y")
        self.assertEqual((again["ShardId"], again["SequenceNumber"]), (first["ShardId"], first["SequenceNumber"]))
        status, answer = server.put("Orders", [order(1), order(2), order(2), {"NoId": 1}])
        self.assertEqual((status, answer), (200, {"accepted": 2, "duplicates": 2, "rejected": []}))
        self.assertEqual(server.put("Orders", [order(1)]), (200, {"accepted": 0, "duplicates": 1, "rejected": []}))
        batch = kinesis.put_records(StreamName="Orders", Records=[
            {"Data": json.dumps(order(number)), "PartitionKey": "k"} for number in (3, 1, 3)])
        self.assertEqual(batch["FailedRecordCount"], 0)
        self.assertEqual(batch["Records"][1]["SequenceNumber"], first["SequenceNumber"])
        self.assertEqual(batch["Records"][0], batch["Records"][2])
        metrics = server.request("GET", "/metrics")[1]
        self.assertRegex(metrics, r'weir_ingest_records_total\{door="http",result="duplicate"\} 3')
        self.assertRegex(metrics, r'weir_ingest_records_total\{door="kinesis",result="duplicate"\} 3')
        self.assertRegex(metrics, r'weir_ingest_records_without_event_id_total\{stream="Orders"\} 1')

    def test_retries_after_lost_answers_count_once(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print("seed", seed)
        moments = random.Random(seed)
        server = self.start()
        batches = [[order(batch * 50 + i) for i in range(50)] for batch in range(120)]
        for turn in range(4):
            mine = batches[turn * 30:(turn + 1) * 30]

            def send(requests):
                for records in requests:
                    if moments.random() < 0.3:
                        self.put_and_leave(server, records)
                    else:
                        server.put("Orders", records)  # Whatever becomes of it.
            threads = [threading.Thread(target=send, args=(mine[part::3],)) for part in range(3)]
            for thread in threads:
                thread.start()
            threading.Event().wait(moments.random() * 0.3)
            server.kill()
            for thread in threads:
                thread.join()
            server = self.start()
            for records in mine:  # The clients try again what they do not know of.
                status, answer = server.put("Orders", records)
                self.assertEqual(status, 200, answer)
                self.assertEqual(answer["accepted"] + answer.get("duplicates", 0), len(records))
        ids = self.stored(server)
        self.assertEqual(len(ids), len(set(ids)), "an order was stored twice")
        self.assertEqual(set(ids), {each["OrderId"] for records in batches for each in records})
        self.assertEqual(server.stop(), 0)
        done = run("verify", "--data", self.data, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
