"""Firehose direct put with boto3: put, kill -9, objects in the lake; refusals in the words of the service."""
import gzip
import json
import unittest

import boto3
import botocore.config
import botocore.exceptions

from weir_process import WeirTest, run, wait_until

TEMPLATE = """
Resources:
  Raw: {Type: AWS::S3::Bucket, Properties: {BucketName: raw-events}}
  Events:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: events
      DeliveryStreamType: DirectPut
      ExtendedS3DestinationConfiguration:
        BucketARN: !GetAtt Raw.Arn
        RoleARN: arn:aws:iam::000000000000:role/r
        Prefix: "in/year=!{timestamp:yyyy}/"
        ErrorOutputPrefix: "bad/!{firehose:error-output-type}/"
        CompressionFormat: GZIP
        BufferingHints: {SizeInMBs: 1, IntervalInSeconds: 1}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {Name: Clicks, ShardCount: 1}}
  ClickApplication:
    Type: AWS::KinesisAnalytics::Application
    Properties:
      ApplicationName: clicks
      ApplicationCode: CREATE OR REPLACE STREAM "OUT" ("Event" VARCHAR(8));
        CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT" SELECT STREAM "Event" FROM "SOURCE_SQL_STREAM_001";
      Inputs:
        - NamePrefix: SOURCE_SQL_STREAM
          KinesisStreamsInput: {ResourceARN: !GetAtt Clicks.Arn, RoleARN: arn:aws:iam::000000000000:role/r}
          InputSchema:
            RecordFormat: {RecordFormatType: JSON, MappingParameters: {JSONMappingParameters: {RecordRowPath: $}}}
            RecordColumns: [{Name: Event, SqlType: VARCHAR(8), Mapping: $.Event}]
  ClickBucket: {Type: AWS::S3::Bucket, Properties: {BucketName: click-objects}}
  FromStream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: from-stream
      DeliveryStreamType: KinesisStreamAsSource
      KinesisStreamSourceConfiguration: {KinesisStreamARN: !GetAtt Clicks.Arn, RoleARN: arn:aws:iam::000000000000:role/r}
      S3DestinationConfiguration: {BucketARN: !GetAtt ClickBucket.Arn, RoleARN: arn:aws:iam::000000000000:role/r}
"""


def client(server):
    return boto3.client("firehose", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="any",
                        aws_secret_access_key="any", config=botocore.config.Config(retries={"max_attempts": 0}))


class Firehose(WeirTest):
    def start(self):
        template = self.path("stack.yaml")
        template.write_text(TEMPLATE, encoding="utf-8")
        run("stack", "deploy", template, "--data", self.data)
        return self.server()

    def refused(self, call, **arguments):
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            call(**arguments)
        error = raised.exception.response["Error"]
        return error["Code"], error["Message"]

    def delivered(self):
        """The lines of all objects of the bucket, and those of the error objects."""
        lines, bad = [], []
        for path in self.data.rglob("raw-events/**/*"):
            if path.is_file():
                text = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
                (bad if "/bad/" in str(path) else lines).extend(json.loads(line) for line in text.splitlines())
        return lines, bad

    def test_put_records_become_objects(self):
        server = self.start()
        firehose = client(server)
        one = firehose.put_record(DeliveryStreamName="events", Record={"Data": b'{"n": 0}\n'})
        self.assertTrue(one["RecordId"])
        self.assertIs(one["Encrypted"], False)
        ids = {one["RecordId"]}
        for batch in range(20):
            records = [{"Data": json.dumps({"n": 1 + batch * 500 + i}).encode() + b"\n" * (i % 2)} for i in range(500)]
            answer = firehose.put_record_batch(DeliveryStreamName="events", Records=records)
            self.assertEqual(answer["FailedPutCount"], 0)
            ids.update(response["RecordId"] for response in answer["RequestResponses"])
        firehose.put_record(DeliveryStreamName="events", Record={"Data": b"no JSON"})
        self.assertEqual(len(ids), 10_001)
        server.kill()
        server.start()
        wait_until("all records in objects", lambda: len(self.delivered()[0]) >= 10_001 and self.delivered()[1])
        lines, bad = self.delivered()
        self.assertEqual([line["n"] for line in sorted(lines, key=lambda line: line["n"])], list(range(10_001)))
        self.assertEqual(len(bad), 1)
        self.assertEqual(server.stop(), 0)
        run("verify", "--data", self.data)

    def test_describes_and_refuses_as_the_service_does(self):
        firehose = client(self.start())
        self.assertEqual(firehose.list_delivery_streams()["DeliveryStreamNames"], ["events", "from-stream"])
        page = firehose.list_delivery_streams(Limit=1, ExclusiveStartDeliveryStreamName="a")
        self.assertEqual((page["DeliveryStreamNames"], page["HasMoreDeliveryStreams"]), (["events"], True))
        self.assertEqual(firehose.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")["DeliveryStreamNames"],
                         ["from-stream"])
        events = firehose.describe_delivery_stream(DeliveryStreamName="events")["DeliveryStreamDescription"]
        self.assertEqual((events["DeliveryStreamType"], events["DeliveryStreamStatus"]), ("DirectPut", "ACTIVE"))
        destination = events["Destinations"][0]["ExtendedS3DestinationDescription"]
        self.assertEqual(destination["BucketARN"], "arn:aws:s3:::raw-events")
        self.assertEqual(destination["BufferingHints"], {"SizeInMBs": 1, "IntervalInSeconds": 1})
        source = firehose.describe_delivery_stream(DeliveryStreamName="from-stream")["DeliveryStreamDescription"]["Source"]
        self.assertTrue(source["KinesisStreamSourceDescription"]["KinesisStreamARN"].endswith(":stream/Clicks"))

        put, batch = firehose.put_record, firehose.put_record_batch
        self.assertEqual(self.refused(put, DeliveryStreamName="nope", Record={"Data": b""}),
                         ("ResourceNotFoundException", "Firehose nope under account 000000000000 not found."))
        self.assertEqual(self.refused(put, DeliveryStreamName="from-stream", Record={"Data": b"{}"})[0],
                         "InvalidArgumentException")
        code, message = self.refused(put, DeliveryStreamName="events", Record={"Data": b"x" * 1_024_001})
        self.assertEqual(code, "ValidationException")
        self.assertIn("at 'record.data' failed to satisfy constraint: Member must have length less than or equal to 1024000",
                      message)
        put(DeliveryStreamName="events", Record={"Data": b"x" * 1_024_000})
        code, message = self.refused(batch, DeliveryStreamName="events", Records=[{"Data": b"{}"}] * 501)
        self.assertEqual(code, "ValidationException")
        self.assertIn("at 'records' failed to satisfy constraint: Member must have length less than or equal to 500", message)
        self.assertEqual(self.refused(batch, DeliveryStreamName="events", Records=[{"Data": b"x" * 1_000_000}] * 5),
                         ("InvalidArgumentException", "Records size exceeds 4 MB limit"))
        self.assertEqual(self.refused(batch, DeliveryStreamName="a b", Records=[{"Data": b"{}"}])[0], "ValidationException")


if __name__ == "__main__":
    unittest.main()
