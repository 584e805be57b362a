"""What the Kinesis tests share: a boto3 client of a server, and a consumer that follows resharding."""
import boto3
import botocore.config

ACCOUNT = "000000000000"


def client(server, key="AKIDEXAMPLE.secret", **options):
    key_id, secret = key.split(".", 1)
    return boto3.client("kinesis", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key_id,
                        aws_secret_access_key=secret,
                        config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=330, **options))


def by_arn(kinesis, operation, stream):
    """The stream by its ARN where this version of boto3 knows that form."""
    if "StreamARN" in kinesis.meta.service_model.operation_model(operation).input_shape.members:
        return {"StreamARN": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{stream}"}
    return {"StreamName": stream}


def error_of(call, **arguments):
    """(code, message) of a call that must fail."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    raise AssertionError(f"{call.__name__} {arguments} was answered")


def read_to_end(kinesis, stream, shard):
    """All records that the shard has now."""
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator)
        records += answer["Records"]
        if not answer["Records"] and answer["MillisBehindLatest"] == 0:
            break
        iterator = answer.get("NextShardIterator")
    return records


class Follower:
    """Reads a stream as the client library does: a shard begins when its parents have ended."""

    def __init__(self, kinesis, stream):
        self.kinesis = kinesis
        self.stream = stream
        self.records = []        # In the order of reading.
        self.waiting = {}        # Shard id -> its parents.
        self.iterators = {}
        self.ended = set()
        shards = {shard["ShardId"]: shard for shard in kinesis.list_shards(StreamName=stream)["Shards"]}
        for name, shard in shards.items():  # A parent that is not listed has nothing left to read.
            self.waiting[name] = [shard[p] for p in ("ParentShardId", "AdjacentParentShardId") if shard.get(p) in shards]

    def step(self):
        """Reads each open place once; the number of records that came."""
        for shard in [s for s, parents in self.waiting.items() if self.ended.issuperset(parents)]:
            del self.waiting[shard]
            self.iterators[shard] = self.kinesis.get_shard_iterator(
                StreamName=self.stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        count = 0
        for shard, iterator in list(self.iterators.items()):
            answer = self.kinesis.get_records(ShardIterator=iterator, Limit=1000)
            self.records += answer["Records"]
            count += len(answer["Records"])
            if answer.get("NextShardIterator"):
                self.iterators[shard] = answer["NextShardIterator"]
                continue
            del self.iterators[shard]
            self.ended.add(shard)
            for child in answer["ChildShards"]:
                self.waiting[child["ShardId"]] = child["ParentShards"]
        return count
