"""The Kinesis API as boto3 speaks it: every operation, checked results, and the errors' own words."""
import base64
import collections
import datetime
import json
import re
import threading
import time
import unittest

from kinesis_client import ACCOUNT, Follower, by_arn, client, error_of, read_to_end
from weir_process import WeirTest, run

ARN = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/"
MIDDLE = str(2 ** 127)


class KinesisTest(WeirTest):
    def start(self):
        self.process = self.server()
        self.kinesis = client(self.process)
        self.addCleanup(self.kinesis.close)
        return self.kinesis

    def create(self, name, shards):
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=name)

    def call(self, operation, body, content_type="application/x-amz-json-1.1"):
        """(status, answer) of a request as it stands on the wire."""
        status, text = self.process.request("POST", "/", body if isinstance(body, (str, bytes)) else json.dumps(body),
                                            {"content-type": content_type, "x-amz-target": f"Kinesis_20131202.{operation}"})
        return status, json.loads(text) if text else None


class Records(KinesisTest):
    def test_what_is_put_is_read_once_in_order(self):
        kinesis = self.start()
        self.create("events", 4)
        put = {}  # Sequence number by data.
        for batch in range(20):
            records = [{"Data": f"{batch}/{i}".encode(), "PartitionKey": f"key {i % 37}"} for i in range(500)]
            answer = kinesis.put_records(**by_arn(kinesis, "PutRecords", "events"), Records=records)
            self.assertEqual(answer["FailedRecordCount"], 0)
            for record, result in zip(records, answer["Records"]):
                put[record["Data"]] = (result["ShardId"], result["SequenceNumber"], record["PartitionKey"])
        one = kinesis.put_record(StreamName="events", Data=b"\x00\xff", PartitionKey="ä", ExplicitHashKey="0")
        put[b"\x00\xff"] = (one["ShardId"], one["SequenceNumber"], "ä")
        read = {}
        for shard in kinesis.list_shards(StreamName="events")["Shards"]:
            numbers = []
            last = collections.defaultdict(lambda: (-1, -1))
            for record in read_to_end(kinesis, "events", shard["ShardId"]):
                self.assertNotIn(record["Data"], read)
                read[record["Data"]] = (shard["ShardId"], record["SequenceNumber"], record["PartitionKey"])
                numbers.append(record["SequenceNumber"])
                self.assertLess(abs(record["ApproximateArrivalTimestamp"].timestamp() - time.time()), 60)
                if record["Data"] != b"\x00\xff":
                    place = tuple(map(int, record["Data"].split(b"/")))
                    self.assertLess(last[record["PartitionKey"]], place)
                    last[record["PartitionKey"]] = place
            self.assertEqual(numbers, sorted(numbers, key=int))
        self.assertEqual(read, put)

    def test_each_kind_of_iterator(self):
        kinesis = self.start()
        self.create("one", 1)
        numbers = [kinesis.put_record(StreamName="one", Data=bytes([i]), PartitionKey="k")["SequenceNumber"] for i in range(3)]
        time.sleep(1.1)
        between = datetime.datetime.now(datetime.timezone.utc)
        numbers.append(kinesis.put_record(StreamName="one", Data=b"\3", PartitionKey="k")["SequenceNumber"])

        def read(**position):
            iterator = kinesis.get_shard_iterator(StreamName="one", ShardId="shardId-000000000000", **position)["ShardIterator"]
            return [r["Data"][0] for r in kinesis.get_records(ShardIterator=iterator)["Records"]]

        self.assertEqual(read(ShardIteratorType="TRIM_HORIZON"), [0, 1, 2, 3])
        self.assertEqual(read(ShardIteratorType="LATEST"), [])
        self.assertEqual(read(ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]), [1, 2, 3])
        self.assertEqual(read(ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]), [2, 3])
        self.assertEqual(read(ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[3]), [])
        self.assertEqual(read(ShardIteratorType="AT_TIMESTAMP", Timestamp=between), [3])
        self.assertEqual(read(ShardIteratorType="AT_TIMESTAMP", Timestamp=datetime.datetime(2001, 1, 1)), [0, 1, 2, 3])
        iterator = kinesis.get_shard_iterator(StreamName="one", ShardId="shardId-000000000000",
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        page = kinesis.get_records(ShardIterator=iterator, Limit=3)
        self.assertEqual(len(page["Records"]), 3)
        self.assertGreater(page["MillisBehindLatest"], 0)
        self.assertEqual(kinesis.get_records(ShardIterator=page["NextShardIterator"])["MillisBehindLatest"], 0)

    def test_an_answer_holds_ten_mebibytes_at_most(self):
        kinesis = self.start()
        self.create("large", 1)
        data = bytes(1_000_000)
        for _ in range(12):
            kinesis.put_record(StreamName="large", Data=data, PartitionKey="k")
        iterator = kinesis.get_shard_iterator(StreamName="large", ShardId="shardId-000000000000",
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        sizes = []
        while sum(sizes) < 12:
            answer = kinesis.get_records(ShardIterator=iterator)
            sizes.append(len(answer["Records"]))
            iterator = answer["NextShardIterator"]
        self.assertLessEqual(max(sizes), 10)
        self.assertEqual(sum(sizes), 12)


class Resharding(KinesisTest):
    def test_under_load_every_record_is_read_once_in_the_order_of_its_key(self):
        kinesis = self.start()
        self.create("load", 2)
        follower = Follower(client(self.process), "load")
        stop = threading.Event()
        produced = collections.Counter()
        failures = []

        def produce(producer):
            mine = client(self.process)
            try:
                while not stop.is_set():
                    records = []
                    for i in range(40):
                        key = f"{producer}.{i % 20}"
                        records.append({"Data": str(produced[key]).encode(), "PartitionKey": key})
                        produced[key] += 1
                    answer = mine.put_records(StreamName="load", Records=records)
                    if answer["FailedRecordCount"]:
                        failures.append(answer["Records"])
                        return
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        def consume():
            try:
                while not stop.is_set():
                    if follower.step() == 0:
                        time.sleep(0.02)
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=produce, args=(n,)) for n in range(2)] + [threading.Thread(target=consume)]
        for thread in threads:
            thread.start()

        def open_shards():
            shards = kinesis.list_shards(StreamName="load", ShardFilter={"Type": "AT_LATEST"})["Shards"]
            return sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

        def split():
            shard = max(open_shards(), key=lambda s: int(s["HashKeyRange"]["EndingHashKey"]) - int(s["HashKeyRange"]["StartingHashKey"]))
            hashes = shard["HashKeyRange"]
            kinesis.split_shard(StreamName="load", ShardToSplit=shard["ShardId"],
                                NewStartingHashKey=str((int(hashes["StartingHashKey"]) + int(hashes["EndingHashKey"])) // 2))

        def merge():
            left, right = open_shards()[:2]
            kinesis.merge_shards(StreamName="load", ShardToMerge=left["ShardId"], AdjacentShardToMerge=right["ShardId"])

        def count(target):
            answer = kinesis.update_shard_count(StreamName="load", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            self.assertEqual(answer["TargetShardCount"], target)
            self.assertEqual(len(open_shards()), target)

        try:
            for change in (split, merge, split, split, lambda: count(6), lambda: count(3), merge, lambda: count(4)):
                time.sleep(0.3)
                change()
            time.sleep(0.3)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        while follower.step():
            pass
        read = collections.defaultdict(list)
        for record in follower.records:
            read[record["PartitionKey"]].append(int(record["Data"]))
        total = sum(produced.values())
        print(f"{total} records through {len(follower.ended) + len(follower.iterators)} shards")
        self.assertEqual(len(follower.records), total)
        self.assertEqual({key: list(range(n)) for key, n in produced.items()}, dict(read))
        self.assertEqual(follower.waiting, {})
        self.assertEqual(len(follower.iterators), 4)
        # All of it is the same after a crash.
        shards = kinesis.list_shards(StreamName="load")["Shards"]
        self.process.kill()
        self.process.start()
        kinesis = client(self.process)
        self.assertEqual(kinesis.list_shards(StreamName="load")["Shards"], shards)
        again = Follower(kinesis, "load")
        while again.step() or again.waiting:
            pass
        self.assertEqual(len(again.records), total)

    def test_what_shards_say_of_themselves(self):
        kinesis = self.start()
        self.create("family", 1)
        kinesis.put_record(StreamName="family", Data=b"x", PartitionKey="k")
        kinesis.split_shard(StreamName="family", ShardToSplit="shardId-000000000000", NewStartingHashKey=MIDDLE)
        kinesis.merge_shards(StreamName="family", ShardToMerge="shardId-000000000001",
                             AdjacentShardToMerge="shardId-000000000002")
        shards = kinesis.describe_stream(StreamName="family")["StreamDescription"]["Shards"]
        self.assertEqual([s["ShardId"][-2:] for s in shards], ["00", "01", "02", "03"])
        self.assertEqual([(s.get("ParentShardId", "")[-2:], s.get("AdjacentParentShardId", "")[-2:]) for s in shards],
                         [("", ""), ("00", ""), ("00", ""), ("01", "02")])
        self.assertEqual([(s["HashKeyRange"]["StartingHashKey"], s["HashKeyRange"]["EndingHashKey"]) for s in shards],
                         [("0", str(2 ** 128 - 1)), ("0", str(2 ** 127 - 1)), (MIDDLE, str(2 ** 128 - 1)),
                          ("0", str(2 ** 128 - 1))])
        self.assertEqual(["EndingSequenceNumber" in s["SequenceNumberRange"] for s in shards], [True, True, True, False])
        ids = lambda **f: [s["ShardId"][-2:] for s in kinesis.list_shards(StreamName="family", ShardFilter=f)["Shards"]]
        self.assertEqual(ids(Type="AT_LATEST"), ["03"])
        self.assertEqual(ids(Type="FROM_TRIM_HORIZON"), ["00", "01", "02", "03"])
        self.assertEqual(ids(Type="AT_TRIM_HORIZON"), ["00"])
        self.assertEqual(ids(Type="AFTER_SHARD_ID", ShardId="shardId-000000000001"), ["02", "03"])
        # A consumer that begins with the parent reads on to its last child.
        follower = Follower(kinesis, "family")
        while follower.waiting:
            follower.step()
        self.assertEqual([r["Data"] for r in follower.records], [b"x"])
        self.assertEqual(follower.ended, {f"shardId-00000000000{n}" for n in range(3)})


class Streams(KinesisTest):
    def test_life_of_a_stream(self):
        kinesis = self.start()
        known = set(kinesis.list_streams()["StreamNames"])
        self.assertEqual(self.call("CreateStream", {"StreamName": "life", "ShardCount": 3, "Tags": {"team": "shop"}})[0], 200)
        self.assertEqual(kinesis.list_tags_for_stream(StreamName="life")["Tags"], [{"Key": "team", "Value": "shop"}])
        self.assertEqual(set(kinesis.list_streams()["StreamNames"]) - known, {"life"})
        summary = kinesis.describe_stream_summary(**by_arn(kinesis, "DescribeStreamSummary", "life"))["StreamDescriptionSummary"]
        self.assertEqual((summary["StreamName"], summary["StreamARN"], summary["StreamStatus"], summary["RetentionPeriodHours"],
                          summary["OpenShardCount"], summary["ConsumerCount"], summary["EncryptionType"],
                          summary["StreamModeDetails"]),
                         ("life", ARN + "life", "ACTIVE", 24, 3, 0, "NONE", {"StreamMode": "PROVISIONED"}))
        self.assertLess(abs(summary["StreamCreationTimestamp"].timestamp() - time.time()), 60)
        kinesis.increase_stream_retention_period(StreamName="life", RetentionPeriodHours=168)
        kinesis.update_stream_mode(StreamARN=ARN + "life", StreamModeDetails={"StreamMode": "ON_DEMAND"})
        kinesis.enable_enhanced_monitoring(StreamName="life", ShardLevelMetrics=["ALL"])
        kinesis.disable_enhanced_monitoring(StreamName="life", ShardLevelMetrics=["IncomingBytes"])
        self.process.kill()
        self.process.start()
        kinesis = client(self.process)
        described = kinesis.describe_stream(StreamName="life")["StreamDescription"]
        self.assertEqual((described["RetentionPeriodHours"], described["StreamModeDetails"]["StreamMode"], len(described["Shards"])),
                         (168, "ON_DEMAND", 3))
        self.assertEqual(len(described["EnhancedMonitoring"][0]["ShardLevelMetrics"]), 6)
        limits = kinesis.describe_limits()
        self.assertEqual(limits["ShardLimit"], 1000)
        self.assertGreaterEqual(limits["OpenShardCount"], 3)
        kinesis.decrease_stream_retention_period(StreamName="life", RetentionPeriodHours=24)
        kinesis.delete_stream(StreamName="life")
        kinesis.get_waiter("stream_not_exists").wait(StreamName="life")
        self.assertEqual(error_of(kinesis.describe_stream, StreamName="life"),
                         ("ResourceNotFoundException", f"Stream life under account {ACCOUNT} not found."))
        # A new stream of the name begins empty, with none of the old settings.
        kinesis.create_stream(StreamName="life", ShardCount=1)
        self.assertEqual(read_to_end(kinesis, "life", "shardId-000000000000"), [])
        self.assertEqual(kinesis.list_tags_for_stream(StreamName="life")["Tags"], [])
        summary = kinesis.describe_stream_summary(StreamName="life")["StreamDescriptionSummary"]
        self.assertEqual((summary["RetentionPeriodHours"], summary["EnhancedMonitoring"]), (24, [{"ShardLevelMetrics": []}]))

    def test_pages(self):
        kinesis = self.start()
        for n in range(7):
            kinesis.create_stream(StreamName=f"page{n}", ShardCount=1)
        names, after = [], {}
        while True:
            page = kinesis.list_streams(Limit=2, **after)
            self.assertLessEqual(len(page["StreamNames"]), 2)
            names += page["StreamNames"]
            if not page["HasMoreStreams"]:
                break
            after = {"ExclusiveStartStreamName": names[-1]}
        self.assertEqual(names, sorted(names))
        self.assertEqual([n for n in names if n.startswith("page")], [f"page{n}" for n in range(7)])
        everything = [n for page in kinesis.get_paginator("list_streams").paginate(Limit=3) for n in page["StreamNames"]]
        self.assertEqual(everything, names)
        self.create("wide", 130)
        page = kinesis.list_shards(StreamName="wide", MaxResults=50)
        shards = [s["ShardId"] for s in page["Shards"]]
        self.assertEqual(error_of(kinesis.list_shards, StreamName="wide", NextToken=page["NextToken"]),
                         ("InvalidArgumentException", "NextToken and StreamName cannot be provided together."))
        while "NextToken" in page:
            page = kinesis.list_shards(NextToken=page["NextToken"], MaxResults=50)
            shards += [s["ShardId"] for s in page["Shards"]]
        self.assertEqual(shards, [f"shardId-{n:012}" for n in range(130)])
        described = [s["ShardId"] for page in kinesis.get_paginator("describe_stream").paginate(StreamName="wide")
                     for s in page["StreamDescription"]["Shards"]]
        self.assertEqual(described, shards)

    def test_tags(self):
        kinesis = self.start()
        self.create("tagged", 1)
        kinesis.add_tags_to_stream(StreamName="tagged", Tags={f"k{n:02}": f"v{n}" for n in range(10)})
        kinesis.add_tags_to_stream(**by_arn(kinesis, "AddTagsToStream", "tagged"), Tags={"k00": "new", "Straße": "ö"})
        kinesis.remove_tags_from_stream(StreamName="tagged", TagKeys=["k01", "never"])
        expected = {f"k{n:02}": f"v{n}" for n in range(2, 10)} | {"k00": "new", "Straße": "ö"}
        listed, after = {}, {}
        while True:
            page = kinesis.list_tags_for_stream(StreamName="tagged", Limit=4, **after)
            listed |= {t["Key"]: t["Value"] for t in page["Tags"]}
            if not page["HasMoreTags"]:
                break
            after = {"ExclusiveStartTagKey": page["Tags"][-1]["Key"]}
        self.assertEqual(listed, expected)
        for batch in range(4):
            kinesis.add_tags_to_stream(StreamName="tagged", Tags={f"m{batch}{n}": "" for n in range(10)})
        self.assertEqual(error_of(kinesis.add_tags_to_stream, StreamName="tagged", Tags={"more": ""})[1],
                         f"Failed to add tags to stream tagged under account {ACCOUNT} because a given stream cannot have more "
                         "than 50 tags associated with it.")
        for operation, body in (("TagResource", {"ResourceARN": ARN + "tagged", "Tags": {"k00": "by resource"}}),
                                ("UntagResource", {"ResourceARN": ARN + "tagged", "TagKeys": ["k02"]})):
            self.assertEqual(self.call(operation, body)[0], 200)
        tags = {t["Key"]: t["Value"] for t in self.call("ListTagsForResource", {"ResourceARN": ARN + "tagged"})[1]["Tags"]}
        self.assertEqual(tags["k00"], "by resource")
        self.assertNotIn("k02", tags)

    def test_settings_that_are_kept_and_those_that_are_refused(self):
        kinesis = self.start()
        self.create("set", 1)
        refused = error_of(kinesis.start_stream_encryption, StreamName="set", EncryptionType="KMS", KeyId="alias/aws/kinesis")
        self.assertEqual(refused[0], "KMSNotFoundException")
        kinesis.stop_stream_encryption(StreamName="set", EncryptionType="KMS", KeyId="alias/aws/kinesis")
        self.assertEqual(self.call("GetResourcePolicy", {"ResourceARN": ARN + "set"}), (200, {"Policy": "{}"}))
        self.assertEqual(self.call("PutResourcePolicy", {"ResourceARN": ARN + "set", "Policy": "{}"})[1]["__type"],
                         "InvalidArgumentException")
        self.assertEqual(self.call("DeleteResourcePolicy", {"ResourceARN": ARN + "set"})[1]["__type"], "ResourceNotFoundException")
        self.assertEqual(self.call("UpdateMaxRecordSize", {"StreamARN": ARN + "set", "MaxRecordSizeInKiB": 1024})[0], 200)
        self.assertEqual(self.call("UpdateMaxRecordSize", {"StreamARN": ARN + "set", "MaxRecordSizeInKiB": 2048})[1]["__type"],
                         "InvalidArgumentException")
        warm = {"StreamName": "set", "WarmThroughputMiBps": 100}
        self.assertEqual(self.call("UpdateStreamWarmThroughput", warm)[1]["__type"], "InvalidArgumentException")
        kinesis.update_stream_mode(StreamARN=ARN + "set", StreamModeDetails={"StreamMode": "ON_DEMAND"})
        self.assertEqual(self.call("UpdateStreamWarmThroughput", warm)[1]["WarmThroughput"], {"TargetMiBps": 100, "CurrentMiBps": 100})
        summary = self.call("DescribeStreamSummary", {"StreamName": "set"})[1]["StreamDescriptionSummary"]
        self.assertEqual((summary["WarmThroughput"]["TargetMiBps"], summary["MaxRecordSizeInKiB"]), (100, 1024))
        status = lambda answer: answer[1]["MinimumThroughputBillingCommitment"]["Status"]
        self.assertEqual(status(self.call("DescribeAccountSettings", {})), "DISABLED")
        self.call("UpdateAccountSettings", {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}})
        self.assertEqual(status(self.call("DescribeAccountSettings", {})), "ENABLED")


class Consumers(KinesisTest):
    def register(self, stream, name):
        return self.kinesis.register_stream_consumer(StreamARN=ARN + stream, ConsumerName=name)["Consumer"]

    def test_registration(self):
        kinesis = self.start()
        self.create("fan", 1)
        for n in range(20):
            consumer = self.register("fan", f"c{n:02}")
            self.assertEqual(consumer["ConsumerStatus"], "ACTIVE")
            self.assertRegex(consumer["ConsumerARN"], rf"^{ARN}fan/consumer/c{n:02}:\d+$")
        self.assertEqual(error_of(kinesis.register_stream_consumer, StreamARN=ARN + "fan", ConsumerName="c00"),
                         ("ResourceInUseException",
                          f"Consumer c00 under stream {ARN}fan already exists for account {ACCOUNT}."))
        self.assertEqual(error_of(kinesis.register_stream_consumer, StreamARN=ARN + "fan", ConsumerName="more")[0],
                         "LimitExceededException")
        names = [c["ConsumerName"] for page in kinesis.get_paginator("list_stream_consumers").paginate(
            StreamARN=ARN + "fan", PaginationConfig={"PageSize": 7}) for c in page["Consumers"]]
        self.assertEqual(names, [f"c{n:02}" for n in range(20)])
        self.assertEqual(kinesis.describe_stream_summary(StreamName="fan")["StreamDescriptionSummary"]["ConsumerCount"], 20)
        arn = kinesis.describe_stream_consumer(StreamARN=ARN + "fan", ConsumerName="c07")["ConsumerDescription"]["ConsumerARN"]
        self.assertEqual(kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["StreamARN"], ARN + "fan")
        kinesis.deregister_stream_consumer(ConsumerARN=arn)
        self.assertEqual(error_of(kinesis.describe_stream_consumer, ConsumerARN=arn),
                         ("ResourceNotFoundException", f"Consumer {arn}, account {ACCOUNT} not found."))
        self.assertEqual(error_of(kinesis.delete_stream, StreamName="fan")[0], "ResourceInUseException")
        kinesis.delete_stream(StreamName="fan", EnforceConsumerDeletion=True)
        self.assertEqual(error_of(kinesis.list_stream_consumers, StreamARN=ARN + "fan")[0], "ResourceNotFoundException")

    def test_subscription_brings_records_as_they_come(self):
        kinesis = self.start()
        self.create("push", 1)
        put = lambda data: kinesis.put_record(StreamName="push", Data=data, PartitionKey="k")["SequenceNumber"]
        numbers = [put(f"old {n}".encode()) for n in range(3)]
        arn = self.register("push", "reader")["ConsumerARN"]
        subscription = client(self.process).subscribe_to_shard(ConsumerARN=arn, ShardId="shardId-000000000000",
                                                               StartingPosition={"Type": "TRIM_HORIZON"})
        events = (e["SubscribeToShardEvent"] for e in subscription["EventStream"])
        read, continuation = [], None

        def read_until(count):
            nonlocal continuation
            while len(read) < count:
                event = next(events)
                read.extend((r["Data"], r["SequenceNumber"]) for r in event["Records"])
                continuation = event["ContinuationSequenceNumber"]

        read_until(3)
        self.assertEqual(read, [(f"old {n}".encode(), numbers[n]) for n in range(3)])
        busy = error_of(kinesis.subscribe_to_shard, ConsumerARN=arn, ShardId="shardId-000000000000",
                        StartingPosition={"Type": "LATEST"})
        self.assertEqual(busy[0], "ResourceInUseException")
        numbers += [put(f"new {n}".encode()) for n in range(2)]
        read_until(5)
        self.assertEqual([number for _, number in read], numbers)
        quiet = next(events)
        self.assertEqual((quiet["Records"], quiet["MillisBehindLatest"]), ([], 0))
        # Another consumer goes on where this one is.
        second = self.register("push", "second")["ConsumerARN"]
        follower = client(self.process).subscribe_to_shard(
            ConsumerARN=second, ShardId="shardId-000000000000",
            StartingPosition={"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": continuation})
        put(b"last")
        kinesis.split_shard(StreamName="push", ShardToSplit="shardId-000000000000", NewStartingHashKey=MIDDLE)
        for stream in (events, (e["SubscribeToShardEvent"] for e in follower["EventStream"])):
            rest, children = [], []
            for event in stream:  # The stream ends with the shard.
                rest += [r["Data"] for r in event["Records"]]
                children += event.get("ChildShards", [])
            self.assertEqual(rest, [b"last"])
            self.assertEqual([c["ShardId"][-2:] for c in children], ["01", "02"])
            self.assertEqual(children[0]["ParentShards"], ["shardId-000000000000"])

    def test_subscription_to_much_data_does_not_lose_any(self):
        kinesis = self.start()
        self.create("bulk", 1)
        for batch in range(40):
            kinesis.put_records(StreamName="bulk", Records=[{"Data": b"%06d" % (batch * 10 + n) + bytes(100_000), "PartitionKey": "k"}
                                                            for n in range(10)])
        arn = self.register("bulk", "reader")["ConsumerARN"]
        subscription = kinesis.subscribe_to_shard(ConsumerARN=arn, ShardId="shardId-000000000000",
                                                  StartingPosition={"Type": "TRIM_HORIZON"})
        read = []
        for event in subscription["EventStream"]:
            read += [int(r["Data"][:6]) for r in event["SubscribeToShardEvent"]["Records"]]
            if len(read) < 30:
                time.sleep(0.2)  # A slow reader is waited for.
            if len(read) >= 400:
                break
        subscription["EventStream"].close()
        self.assertEqual(read, list(range(400)))


class Roles(KinesisTest):
    """With authentication, each operation asks for its role on its stream; changes are in the audit log."""

    def key(self, name, *arguments):
        return run("keys", "create", name, "--data", self.data, *arguments).stdout.strip()

    def test_roles_and_scopes(self):
        keys = {role: self.key(role, "--role", role) for role in ("admin", "operator", "analyst", "ingest")}
        bound = self.key("bound", "--role", "operator", "--stream", "mine*")
        server = self.server("--auth", "on", key=keys["admin"])
        operator, analyst, ingest = (client(server, keys[role]) for role in ("operator", "analyst", "ingest"))
        mine = client(server, bound)
        operator.create_stream(StreamName="theirs", ShardCount=1)
        mine.create_stream(StreamName="mine.1", ShardCount=1)
        ingest.put_record(StreamName="theirs", Data=b"x", PartitionKey="k")
        place = {"StreamName": "theirs", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        iterator = analyst.get_shard_iterator(**place)["ShardIterator"]
        self.assertEqual(analyst.get_records(ShardIterator=iterator)["Records"][0]["Data"], b"x")
        self.assertEqual(ingest.describe_stream_summary(StreamName="theirs")["StreamDescriptionSummary"]["OpenShardCount"], 1)
        split = {"StreamName": "theirs", "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": MIDDLE}
        self.assertEqual(mine.list_streams()["StreamNames"], ["mine.1"])
        for call, arguments in ((ingest.get_shard_iterator, place), (ingest.get_records, {"ShardIterator": iterator}),
                                (ingest.delete_stream, {"StreamName": "theirs"}), (ingest.split_shard, split),
                                (analyst.split_shard, split), (analyst.put_record, {"StreamName": "theirs", "Data": b"", "PartitionKey": "k"}),
                                (analyst.create_stream, {"StreamName": "new", "ShardCount": 1}),
                                (mine.get_records, {"ShardIterator": iterator}), (mine.split_shard, split),
                                (mine.describe_stream, {"StreamName": "theirs"}), (mine.describe_stream, {"StreamName": "nothing"}),
                                (mine.create_stream, {"StreamName": "other", "ShardCount": 1}),
                                (client(server, keys["ingest"].split(".")[0] + ".wrong").list_streams, {})):
            code = error_of(call, **arguments)[0]
            expected = "InvalidSignatureException" if arguments == {} else "AccessDeniedException"
            self.assertEqual(code, expected, (call.__name__, arguments))
        operator.split_shard(**split)
        server.stop()
        lines = [json.loads(line) for path in self.data.rglob("audit*") for line in path.read_text(encoding="utf-8").splitlines()]
        done = [(line["event"], line["object"]) for line in lines if line["event"] in ("CreateStream", "SplitShard", "DeleteStream")]
        self.assertEqual(done, [("CreateStream", "theirs"), ("CreateStream", "mine.1"), ("SplitShard", "theirs")])


class Errors(KinesisTest):
    def test_words_of_the_api(self):
        kinesis = self.start()
        self.create("err", 2)
        number = kinesis.put_record(StreamName="err", Data=b"x", PartitionKey="k", ExplicitHashKey="0")["SequenceNumber"]
        zero, one = "shardId-000000000000", "shardId-000000000001"
        iterator = {"StreamName": "err", "ShardId": zero}
        either = ("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                  "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ")
        cases = [
            (kinesis.create_stream, {"StreamName": "err", "ShardCount": 1},
             "ResourceInUseException", f"Stream err under account {ACCOUNT} already exists."),
            (kinesis.put_record, {"StreamName": "none", "Data": b"", "PartitionKey": "k"},
             "ResourceNotFoundException", f"Stream none under account {ACCOUNT} not found."),
            (kinesis.list_shards, {"StreamName": "none"},
             "ResourceNotFoundException", f"Stream none under account {ACCOUNT} not found."),
            (kinesis.get_records, {"ShardIterator": "x" * 500}, "InvalidArgumentException", "Invalid ShardIterator."),
            (kinesis.get_shard_iterator, {**iterator, "ShardId": "shardId-000000000007", "ShardIteratorType": "LATEST"},
             "ResourceNotFoundException", f"Shard shardId-000000000007 in stream err under account {ACCOUNT} does not exist"),
            (kinesis.split_shard, {"StreamName": "err", "ShardToSplit": "shardId-000000000007", "NewStartingHashKey": "5"},
             "ResourceNotFoundException", f"Could not find shard shardId-000000000007 in stream err under account {ACCOUNT}."),
            (kinesis.get_shard_iterator, {**iterator, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "12"},
             "InvalidArgumentException", f"StartingSequenceNumber 12 used in GetShardIterator on shard {zero} in stream err under "
             f"account {ACCOUNT} is invalid."),
            (kinesis.get_shard_iterator, {**iterator, "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                                          "StartingSequenceNumber": "49543463076548007577105092703039560359975228518395019266"},
             "InvalidArgumentException", "StartingSequenceNumber 49543463076548007577105092703039560359975228518395019266 used in "
             f"GetShardIterator on shard {zero} in stream err under account {ACCOUNT} is invalid because it did not come from "
             "this stream."),
            (kinesis.get_shard_iterator, {**iterator, "ShardId": one, "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                                          "StartingSequenceNumber": number},
             "InvalidArgumentException", f"Invalid StartingSequenceNumber. It encodes {zero}, while it was used in a call to a "
             f"shard with {one}"),
            (kinesis.get_shard_iterator, {**iterator, "ShardIteratorType": "AT_SEQUENCE_NUMBER"},
             "InvalidArgumentException", either + "AT_SEQUENCE_NUMBER and no StartingSequenceNumber."),
            (kinesis.get_shard_iterator, {**iterator, "ShardIteratorType": "LATEST", "StartingSequenceNumber": number},
             "InvalidArgumentException", either + "LATEST and also a StartingSequenceNumber."),
            (kinesis.get_shard_iterator, {**iterator, "ShardIteratorType": "AT_TIMESTAMP"},
             "InvalidArgumentException", "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current "
             "request has no timestamp parameter."),
            (kinesis.put_record, {"StreamName": "err", "Data": b"", "PartitionKey": "k", "ExplicitHashKey": str(2 ** 128)},
             "InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified "
             f"value was {2 ** 128}"),
            (kinesis.increase_stream_retention_period, {"StreamName": "err", "RetentionPeriodHours": 12},
             "InvalidArgumentException", "Minimum allowed retention period is 24 hours. Requested retention period (12 hours) is "
             "too short."),
            (kinesis.increase_stream_retention_period, {"StreamName": "err", "RetentionPeriodHours": 8761},
             "InvalidArgumentException", "Maximum allowed retention period is 8760 hours. Requested retention period (8761 "
             "hours) is too long."),
            (kinesis.describe_stream, {"StreamName": "a b"},
             "ValidationException", "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: "
             "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
            (kinesis.list_streams, {"Limit": 10001},
             "ValidationException", "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member "
             "must have value less than or equal to 10000"),
        ]
        for call, arguments, code, message in cases:
            self.assertEqual(error_of(call, **arguments), (code, message), arguments)
        code, message = error_of(kinesis.create_stream, StreamName="many", ShardCount=1001)
        self.assertEqual(code, "LimitExceededException")
        self.assertRegex(message, rf"^This request would exceed the shard limit for the account {ACCOUNT} in us-east-1\. Current "
                         r"shard count for the account: \d+\. Limit: 1000\. Number of additional shards that would have resulted "
                         r"from this request: 1001\. Refer to the AWS Service Limits page \(.*\)")
        code, message = error_of(kinesis.get_shard_iterator, **iterator, ShardIteratorType="AT_TIMESTAMP",
                                 Timestamp=time.time() + 3600)
        self.assertRegex(message, r"^The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. "
                         r"timestampInMillis: \d{13}, currentTimestampInMillis: \d{13}$")

    def test_order_of_checks(self):
        self.start()
        wrong_type = {"ShardIterator": 5, "Limit": 0}
        self.assertEqual(self.call("GetRecords", wrong_type)[1], {
            "__type": "SerializationException", "Message": "class java.lang.Integer can not be converted to an String"})
        for body, message in (({"ShardIterator": []}, "Start of list found where not expected"),
                              ({"ShardIterator": {}}, "Start of structure or map found where not expected."),
                              ({"Limit": "5"}, "class java.lang.String can not be converted to an Integer")):
            self.assertEqual(self.call("GetRecords", body)[1]["Message"], message)
        self.assertEqual(self.call("RemoveTagsFromStream", {"TagKeys": "x"})[1]["Message"], "Expected list or null")
        # Constraints come before the stream is looked for; what is missing and what is wrong are told together.
        status, answer = self.call("GetShardIterator", {"StreamName": "none", "ShardId": ""})
        self.assertEqual((status, answer["__type"]), (400, "ValidationException"))
        self.assertTrue(answer["message"].startswith("3 validation errors detected: "), answer)
        self.assertEqual(self.call("GetRecords", "{")[1]["__type"], "SerializationException")
        self.assertEqual(self.call("Nothing", {})[1]["__type"], "UnknownOperationException")
        tags = {"StreamName": "x", "TagKeys": [""] * 12}
        self.assertTrue(self.call("RemoveTagsFromStream", tags)[1]["message"].startswith("10 validation errors detected: "))


class Model(KinesisTest):
    """Every operation of the model that botocore ships refuses what the model forbids, in the API's words."""

    def test_each_constraint_of_each_operation(self):
        kinesis = self.start()
        self.create("model", 1)
        service = kinesis.meta.service_model
        if "UpdateMaxRecordSize" not in service.operation_names:
            self.skipTest("this version of botocore has an older model of the API")
        checked = 0
        for operation in service.operation_names:
            shape = service.operation_model(operation).input_shape
            if shape is None:
                continue
            status, answer = self.call(operation, {})
            self.assertNotEqual((answer or {}).get("__type"), "UnknownOperationException", operation)
            if shape.required_members:
                missing = set(re.findall(r"Value null at '(\w+)' failed to satisfy constraint: Member must not be null",
                                         answer.get("message", "")))
                self.assertEqual(status, 400)
                self.assertEqual({m.lower() for m in missing} - {"streamname"},
                                 {m.lower() for m in shape.required_members} - {"streamname"}, operation)
            for name, member in shape.members.items():
                if name in ("StreamId", "SequenceNumberForOrdering"):  # Not looked at (docs/kinesis.md).
                    continue
                for value, words in self.violations(member):
                    answer = self.call(operation, {name: value})[1]
                    path = name[0].lower() + name[1:]
                    self.assertIn(answer["__type"], ("ValidationException",), (operation, name, value, answer))
                    self.assertIn(f"at '{path}", answer["message"], (operation, name))
                    self.assertIn(words, answer["message"], (operation, name))
                    checked += 1
        print(f"{len(service.operation_names)} operations, {checked} constraints")
        self.assertGreater(checked, 100)

    def violations(self, shape):
        """(value, words of the refusal) for each constraint of the shape."""
        limits = shape.metadata
        if shape.type_name == "string":
            if getattr(shape, "enum", None):
                yield "WRONG", "Member must satisfy enum value set: ["
            if "pattern" in limits:
                yield " ", "Member must satisfy regular expression pattern: " + limits["pattern"]
            if "max" in limits and limits["max"] < 100_000:
                yield "a" * (limits["max"] + 1), f"Member must have length less than or equal to {limits['max']}"
            if limits.get("min", 0) > 0:
                yield "", f"Member must have length greater than or equal to {limits['min']}"
        elif shape.type_name in ("integer", "long"):
            if "min" in limits:
                yield limits["min"] - 1, f"Member must have value greater than or equal to {limits['min']}"
            if "max" in limits:
                yield limits["max"] + 1, f"Member must have value less than or equal to {limits['max']}"
        elif shape.type_name == "list":
            if limits.get("min", 0) > 0:
                yield [], f"Member must have length greater than or equal to {limits['min']}"
            if "max" in limits and shape.member.type_name == "string":
                yield ["x"] * (limits["max"] + 1), f"Member must have length less than or equal to {limits['max']}"
        elif shape.type_name == "map":
            yield {}, f"Member must have length greater than or equal to {limits['min']}"
            yield {str(n): "" for n in range(limits["max"] + 1)}, f"Member must have length less than or equal to {limits['max']}"
        elif shape.type_name == "structure":
            for name in shape.required_members:
                yield {}, f".{name[0].lower() + name[1:]}' failed to satisfy constraint: Member must not be null"
        elif shape.type_name == "blob" and limits.get("max", 0) <= 1 << 20:
            yield base64.b64encode(bytes(limits["max"] + 1)).decode(), "Member must have length less than or equal to"


if __name__ == "__main__":
    unittest.main()
