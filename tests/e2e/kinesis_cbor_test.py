"""The Kinesis API in CBOR, as the AWS SDKs for Java speak it: maps of indefinite length, byte strings, times as tag 1 with
whole milliseconds. The encoder and decoder here are the test's own. Aggregated records as the producer library makes them."""
import hashlib
import struct
import time
import unittest
import urllib.error
import urllib.request

import boto3

from weir_process import WeirTest

TYPE = "application/x-amz-cbor-1.1"


class Time(int):
    """Milliseconds since 1970."""


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for code, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | code]) + struct.pack(form, number)
    raise ValueError(number)


def encode(value):
    if isinstance(value, Time):
        return head(6, 1) + head(0, value)
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(encode, value)) + b"\xff"
    return b"\xbf" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"\xff"


def decode(data):
    value, rest = item(data)
    assert not rest, rest
    return value


def item(data):
    major, low, data = data[0] >> 5, data[0] & 31, data[1:]
    number = low
    if 24 <= low <= 27:
        size = 1 << low - 24
        number, data = int.from_bytes(data[:size], "big"), data[size:]
        if major == 7:
            return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], number.to_bytes(size, "big"))[0], data
    if major in (4, 5):
        values = []
        while data[0] != 0xFF if low == 31 else len(values) < number * (major - 3):
            value, data = item(data)
            values.append(value)
        if low == 31:
            data = data[1:]
        return (values if major == 4 else dict(zip(values[::2], values[1::2]))), data
    if major in (2, 3):
        return (data[:number] if major == 2 else data[:number].decode()), data[number:]
    if major == 6:
        assert number == 1, number
        value, data = item(data)
        return Time(value), data
    return ({20: False, 21: True, 22: None}[low] if major == 7 else number if major == 0 else -1 - number), data


def aggregate(records):
    """(key, data) of user records in one record."""
    def field(number, value):
        return bytes([number << 3 | 2]) + varint(len(value)) + value

    def varint(value):
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)

    keys = sorted({key for key, _ in records})
    message = b"".join(field(1, key.encode()) for key in keys)
    for key, data in records:
        message += field(3, b"\x08" + varint(keys.index(key)) + field(3, data))
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message).digest()


class Cbor(WeirTest):
    def call(self, operation, **request):
        status, answer = self.try_call(operation, **request)
        self.assertEqual(status, 200, answer)
        return answer

    def try_call(self, operation, **request):
        sent = urllib.request.Request(self.weir.url + "/", data=encode(request), method="POST", headers={
            "content-type": TYPE, "x-amz-target": f"Kinesis_20131202.{operation}"})
        try:
            with urllib.request.urlopen(sent, timeout=60) as response:
                self.assertEqual(response.headers["content-type"], TYPE)
                body = response.read()
                return response.status, decode(body) if body else None
        except urllib.error.HTTPError as error:
            self.assertEqual(error.headers["content-type"], TYPE)
            return error.code, decode(error.read())

    def read(self, shard, **iterator):
        place = self.call("GetShardIterator", StreamName="s", ShardId=shard, **iterator)["ShardIterator"]
        records = []
        while place:
            answer = self.call("GetRecords", ShardIterator=place, Limit=1000)
            records += answer["Records"]
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                return records
            place = answer["NextShardIterator"]
        return records

    def test_produces_and_consumes(self):
        self.weir = self.server()
        began = int(time.time() * 1000)
        self.call("CreateStream", StreamName="s", ShardCount=2)
        summary = self.call("DescribeStreamSummary", StreamName="s")["StreamDescriptionSummary"]
        self.assertIsInstance(summary["StreamCreationTimestamp"], Time)
        self.assertLess(abs(summary["StreamCreationTimestamp"] - began), 60_000)
        sent = [{"Data": bytes([n % 256]) * n, "PartitionKey": f"key {n}"} for n in range(500)]
        answer = self.call("PutRecords", StreamName="s", Records=sent)
        self.assertEqual(answer["FailedRecordCount"], 0)
        shards = [shard["ShardId"] for shard in self.call("ListShards", StreamName="s")["Shards"]]
        self.assertEqual(len(shards), 2)
        found = {}
        for shard in shards:
            for record in self.read(shard, ShardIteratorType="TRIM_HORIZON"):
                self.assertIsInstance(record["ApproximateArrivalTimestamp"], Time)
                self.assertLess(abs(record["ApproximateArrivalTimestamp"] - began), 60_000)
                found[record["SequenceNumber"]] = (shard, record["PartitionKey"], record["Data"])
        self.assertEqual([found[result["SequenceNumber"]] for result in answer["Records"]],
                         [(result["ShardId"], record["PartitionKey"], record["Data"])
                          for record, result in zip(sent, answer["Records"])])
        since = sum(len(self.read(s, ShardIteratorType="AT_TIMESTAMP", Timestamp=Time(began - 1))) for s in shards)
        self.assertEqual(since, 500)
        kinesis = boto3.client("kinesis", endpoint_url=self.weir.url, region_name="us-east-1", aws_access_key_id="any",
                               aws_secret_access_key="any")
        place = kinesis.get_shard_iterator(StreamName="s", ShardId=shards[0], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        self.assertEqual(sorted(r["Data"] for r in kinesis.get_records(ShardIterator=place)["Records"]),
                         sorted(data for shard, _, data in found.values() if shard == shards[0]))

    def test_refuses_in_cbor(self):
        self.weir = self.server()
        status, error = self.try_call("DescribeStream", StreamName="nope")
        self.assertEqual((status, error["__type"], error["message"]),
                         (400, "ResourceNotFoundException", "Stream nope under account 000000000000 not found."))
        status, error = self.try_call("PutRecord", StreamName="ClickStream", Data=5, PartitionKey="k")
        self.assertEqual((status, error["__type"]), (400, "SerializationException"))
        status, error = self.try_call("PutRecords", StreamName="ClickStream", Records=[])
        self.assertEqual((status, error["__type"]), (400, "ValidationException"))

    def test_aggregated_records_become_their_user_records(self):
        self.weir = self.server()
        self.call("CreateStream", StreamName="s", ShardCount=2)
        users = [(f"user {n % 50}", b"event %d" % n) for n in range(1_000)]
        damaged = aggregate(users)[:-1] + b"x"
        answer = self.call("PutRecords", StreamName="s", Records=[
            {"Data": aggregate(users), "PartitionKey": "a", "ExplicitHashKey": "0"}, {"Data": damaged, "PartitionKey": "a"}])
        self.assertEqual(answer["FailedRecordCount"], 0)
        records = [r for shard in self.call("ListShards", StreamName="s")["Shards"]
                   for r in self.read(shard["ShardId"], ShardIteratorType="TRIM_HORIZON")]
        self.assertEqual(sorted((r["PartitionKey"], r["Data"]) for r in records), sorted(users + [("a", damaged)]))
        for key in {key for key, _ in users}:
            self.assertEqual([r["Data"] for r in records if r["PartitionKey"] == key], [d for k, d in users if k == key])


if __name__ == "__main__":
    unittest.main()
