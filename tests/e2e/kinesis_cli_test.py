"""The Kinesis API as the AWS CLI speaks it: the commands that people type, with checked output and exit codes."""
import base64
import json
import os
import subprocess
import unittest

from weir_process import WeirTest

AWS = os.environ.get("WEIR_AWS", "/usr/bin/aws" if os.path.exists("/usr/bin/aws") else "aws")
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/"


class Cli(WeirTest):
    def setUp(self):
        super().setUp()
        self.process = self.server()
        version = subprocess.run([AWS, "--version"], capture_output=True, text=True, check=True)
        self.old = (version.stdout or version.stderr).startswith("aws-cli/1")
        self.environment = {**os.environ, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
                            "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "",
                            "AWS_CONFIG_FILE": str(self.path("no-config")), "AWS_EC2_METADATA_DISABLED": "true"}

    def aws(self, command, *arguments, check=True):
        done = subprocess.run([AWS, "--endpoint-url", self.process.url, "--output", "json", "kinesis", *command.split(), *arguments],
                              capture_output=True, text=True, env=self.environment, timeout=120, check=False)
        if check:
            self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
            return json.loads(done.stdout) if done.stdout.strip() else None
        return done

    def blob(self, data):
        """Data inside a JSON argument: version 2 takes Base64."""
        return data if self.old else base64.b64encode(data.encode()).decode()

    def read(self, stream, shard):
        iterator = self.aws("get-shard-iterator", "--stream-name", stream, "--shard-id", shard,
                            "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
        records = self.aws("get-records", "--shard-iterator", iterator)["Records"]
        return [(record["PartitionKey"], base64.b64decode(record["Data"]).decode()) for record in records]

    def test_produce_reshard_consume(self):
        self.aws("create-stream --stream-name shop --shard-count 2")
        self.aws("wait stream-exists --stream-name shop")
        self.path("one").write_bytes(b"first")
        put = self.aws("put-record --stream-name shop --partition-key a --explicit-hash-key 0", "--data",
                       f"fileb://{self.path('one')}")
        self.assertEqual(put["ShardId"], "shardId-000000000000")
        records = [{"Data": self.blob(f"r{n}"), "PartitionKey": "b", "ExplicitHashKey": str(n * 2 ** 126)} for n in range(4)]
        answer = self.aws("put-records --stream-name shop", "--records", json.dumps(records))
        self.assertEqual([r["ShardId"][-1] for r in answer["Records"]], ["0", "0", "1", "1"])
        self.assertEqual(self.read("shop", "shardId-000000000000"), [("a", "first"), ("b", "r0"), ("b", "r1")])
        self.assertEqual(self.read("shop", "shardId-000000000001"), [("b", "r2"), ("b", "r3")])

        self.aws("split-shard --stream-name shop --shard-to-split shardId-000000000000", "--new-starting-hash-key", str(2 ** 126))
        self.aws("merge-shards --stream-name shop --shard-to-merge shardId-000000000003",
                 "--adjacent-shard-to-merge", "shardId-000000000001")
        shards = self.aws("list-shards --stream-name shop --shard-filter Type=AT_LATEST")["Shards"]
        self.assertEqual([s["ShardId"][-1] for s in shards], ["2", "4"])
        self.assertEqual((shards[1]["ParentShardId"][-1], shards[1]["AdjacentParentShardId"][-1]), ("3", "1"))
        count = self.aws("update-shard-count --stream-name shop --target-shard-count 4 --scaling-type UNIFORM_SCALING")
        self.assertEqual((count["CurrentShardCount"], count["TargetShardCount"]), (2, 4))
        summary = self.aws("describe-stream-summary --stream-name shop")["StreamDescriptionSummary"]
        self.assertEqual(summary["OpenShardCount"], 4)
        # What was there before is still read from the old shards.
        self.assertEqual(len(self.read("shop", "shardId-000000000000") + self.read("shop", "shardId-000000000001")), 5)
        everything = self.aws("describe-stream --stream-name shop --page-size 3")["StreamDescription"]["Shards"]
        self.assertEqual([s["ShardId"] for s in everything], [f"shardId-{n:012}" for n in range(len(everything))])
        self.aws("delete-stream --stream-name shop")
        self.aws("wait stream-not-exists --stream-name shop")
        self.assertNotIn("shop", self.aws("list-streams")["StreamNames"])

    def test_settings(self):
        self.aws("create-stream --stream-name set --shard-count 1")
        self.aws("increase-stream-retention-period --stream-name set --retention-period-hours 72")
        self.aws("add-tags-to-stream --stream-name set --tags team=shop,cost=low")
        self.aws("remove-tags-from-stream --stream-name set --tag-keys cost")
        self.assertEqual(self.aws("list-tags-for-stream --stream-name set")["Tags"], [{"Key": "team", "Value": "shop"}])
        self.aws("enable-enhanced-monitoring --stream-name set --shard-level-metrics ALL")
        self.aws("update-stream-mode --stream-arn", ARN + "set", "--stream-mode-details", "StreamMode=ON_DEMAND")
        stream = self.aws("describe-stream-summary --stream-name set")["StreamDescriptionSummary"]
        self.assertEqual((stream["RetentionPeriodHours"], stream["StreamModeDetails"]["StreamMode"],
                          len(stream["EnhancedMonitoring"][0]["ShardLevelMetrics"])), (72, "ON_DEMAND", 7))
        consumer = self.aws("register-stream-consumer --consumer-name fan", "--stream-arn", ARN + "set")["Consumer"]
        listed = self.aws("list-stream-consumers", "--stream-arn", ARN + "set")["Consumers"]
        self.assertEqual([c["ConsumerARN"] for c in listed], [consumer["ConsumerARN"]])
        self.aws("deregister-stream-consumer", "--consumer-arn", consumer["ConsumerARN"])
        self.assertEqual(self.aws("list-stream-consumers", "--stream-arn", ARN + "set")["Consumers"], [])
        self.assertEqual(self.aws("describe-limits")["ShardLimit"], 1000)

    def test_errors(self):
        self.aws("create-stream --stream-name err --shard-count 1")
        for command, words in (
                ("create-stream --stream-name err --shard-count 1",
                 "(ResourceInUseException) when calling the CreateStream operation: Stream err under account 000000000000 already "
                 "exists."),
                ("describe-stream --stream-name none",
                 "(ResourceNotFoundException) when calling the DescribeStream operation: Stream none under account 000000000000 "
                 "not found."),
                ("get-records --shard-iterator AAAA",
                 "(InvalidArgumentException) when calling the GetRecords operation: Invalid ShardIterator."),
                ("list-shards --stream-name err --max-results 10001",
                 "Value '10001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10000"),
                ("merge-shards --stream-name err --shard-to-merge shardId-000000000000 --adjacent-shard-to-merge "
                 "shardId-000000000004",
                 "Could not find shard shardId-000000000004 in stream err under account 000000000000.")):
            done = self.aws(command, check=False)
            self.assertIn(done.returncode, (254, 255), command)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
