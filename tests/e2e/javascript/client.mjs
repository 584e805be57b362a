// What a Node program does with the AWS SDK: WEIR_URL, WEIR_KEY ("<id>.<secret>") and the name of the scenario.
import assert from "node:assert/strict";
import { FirehoseClient, PutRecordBatchCommand } from "@aws-sdk/client-firehose";
import * as kinesis from "@aws-sdk/client-kinesis";
import { NodeHttp2Handler } from "@smithy/node-http-handler";
import aggregation from "aws-kinesis-agg";

const { WEIR_URL: endpoint, WEIR_KEY: key = "any.any" } = process.env;
const [accessKeyId, secretAccessKey] = key.split(".");
const settings = { endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
const client = new kinesis.KinesisClient(settings);
const send = (name, input) => client.send(new kinesis[`${name}Command`](input));
const utf8 = (bytes) => Buffer.from(bytes).toString();

async function create(StreamName, ShardCount) {
  await send("CreateStream", { StreamName, ShardCount });
  await kinesis.waitUntilStreamExists({ client, maxWaitTime: 30 }, { StreamName });
}

// Reads as the client library does: a shard begins when its parents have ended.
class Follower {
  constructor(stream) {
    this.stream = stream;
    this.records = [];
    this.iterators = new Map();
    this.ended = new Set();
    this.waiting = new Map();
  }

  async begin() {
    const { Shards } = await send("ListShards", { StreamName: this.stream });
    for (const shard of Shards) {
      this.waiting.set(shard.ShardId, [shard.ParentShardId, shard.AdjacentParentShardId].filter(Boolean));
    }
    return this;
  }

  async step() {
    for (const [ShardId, parents] of this.waiting) {
      if (parents.every((parent) => this.ended.has(parent))) {
        this.waiting.delete(ShardId);
        const { ShardIterator } = await send("GetShardIterator", {
          StreamName: this.stream, ShardId, ShardIteratorType: "TRIM_HORIZON" });
        this.iterators.set(ShardId, ShardIterator);
      }
    }
    const counts = await Promise.all([...this.iterators].map(async ([shard, ShardIterator]) => {
      const answer = await send("GetRecords", { ShardIterator, Limit: 2000 });
      this.records.push(...answer.Records);
      if (answer.NextShardIterator) {
        this.iterators.set(shard, answer.NextShardIterator);
      } else {
        this.iterators.delete(shard);
        this.ended.add(shard);
        answer.ChildShards.forEach((child) => this.waiting.set(child.ShardId, child.ParentShards));
      }
      return answer.Records.length;
    }));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  // To the end of what is there.
  async finish() {
    while (await this.step() > 0 || this.waiting.size > 0) { /* on */ }
    const byKey = {};
    for (const record of this.records) {
      (byKey[record.PartitionKey] ??= []).push(Number(utf8(record.Data)));
    }
    return byKey;
  }
}

const upTo = (count) => Array.from({ length: count }, (_, i) => i);

const scenarios = {
  // PutRecords in parallel, single records and aggregates while a shard is split: each record once, in its key's order.
  async reshard() {
    assert.equal(client.config.requestHandler.metadata.handlerProtocol, "h2");
    await create("events", 2);
    const follower = await new Follower("events").begin();
    const produced = {};
    const next = (partitionKey) => {
      produced[partitionKey] = (produced[partitionKey] ?? 0) + 1;
      return { partitionKey, data: Buffer.from(String(produced[partitionKey] - 1)) };
    };
    const batches = async (producer) => {
      for (let batch = 0; batch < 10; ++batch) {
        const Records = upTo(500).map((i) => {
          const { partitionKey, data } = next(`${producer}.${i % 17}`);
          return { PartitionKey: partitionKey, Data: data };
        });
        const answer = await send("PutRecords", { StreamName: "events", Records });
        assert.equal(answer.FailedRecordCount, 0);
      }
    };
    const aggregates = async () => {
      for (let batch = 0; batch < 10; ++batch) {
        const aggregator = new aggregation.RecordAggregator();
        upTo(100).forEach((i) => aggregator.addUserRecord(next(`aggregated ${i % 7}`)));
        const { partitionKey, data } = aggregator.build();
        await send("PutRecord", { StreamName: "events", PartitionKey: partitionKey, Data: data });
      }
    };
    const singles = async () => {
      for (let i = 0; i < 100; ++i) {
        const { partitionKey, data } = next("single ä");
        const answer = await send("PutRecord", { StreamName: "events", PartitionKey: partitionKey, Data: data });
        assert.match(answer.SequenceNumber, /^\d{56}$/);
      }
    };
    const split = async () => {
      const { Shards } = await send("ListShards", { StreamName: "events", ShardFilter: { Type: "AT_LATEST" } });
      const { StartingHashKey, EndingHashKey } = Shards[0].HashKeyRange;
      await send("SplitShard", { StreamName: "events", ShardToSplit: Shards[0].ShardId,
        NewStartingHashKey: String((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n) });
    };
    await Promise.all([batches("a"), batches("b"), batches("c"), aggregates(), singles(), follower.step().then(split)]);
    const read = await follower.finish();
    assert.deepEqual(read, Object.fromEntries(Object.entries(produced).map(([name, count]) => [name, upTo(count)])));
    assert.equal(follower.ended.size, 1);
    assert.equal(follower.iterators.size, 3);
    console.log(`${follower.records.length} records`);
  },

  // Records of the largest size, many of them at once, both ways.
  async large() {
    await create("large", 1);
    const data = (i) => Buffer.alloc(1_000_000, i);
    await Promise.all(upTo(12).map((i) => send("PutRecord", { StreamName: "large", PartitionKey: "k", Data: data(i) })));
    const follower = await new Follower("large").begin();
    while (await follower.step() > 0) { /* on */ }
    const seen = follower.records.map((record) => {
      assert.ok(data(record.Data[0]).equals(Buffer.from(record.Data)));
      return record.Data[0];
    });
    assert.deepEqual(seen.sort((a, b) => a - b), upTo(12));
  },

  async subscribe() {
    await create("fan", 1);
    const { StreamDescriptionSummary: { StreamARN } } = await send("DescribeStreamSummary", { StreamName: "fan" });
    const put = (from, to) => send("PutRecords", { StreamName: "fan",
      Records: upTo(to - from).map((i) => ({ PartitionKey: "k", Data: Buffer.from(String(from + i)) })) });
    await put(0, 300);
    // Two consumers on one connection, and other calls meanwhile.
    const reads = ["one", "two"].map(async (ConsumerName) => {
      const { Consumer } = await send("RegisterStreamConsumer", { StreamARN, ConsumerName });
      const { EventStream } = await send("SubscribeToShard", { ConsumerARN: Consumer.ConsumerARN,
        ShardId: "shardId-000000000000", StartingPosition: { Type: "TRIM_HORIZON" } });
      const seen = [];
      let children;
      let hasPut = false;
      let hasSplit = false;
      for await (const event of EventStream) {
        seen.push(...event.SubscribeToShardEvent.Records.map((record) => Number(utf8(record.Data))));
        if (seen.length >= 300 && !hasPut) {
          hasPut = true;
          await put(300, 300 + 1);
        }
        children = event.SubscribeToShardEvent.ChildShards ?? children;
        if (seen.length === 302 && !hasSplit && ConsumerName === "one") {
          hasSplit = true;
          await send("SplitShard", { StreamName: "fan", ShardToSplit: "shardId-000000000000",
            NewStartingHashKey: String(2n ** 127n) });
        }
      }
      assert.equal(children.length, 2);
      return seen;
    });
    // What ends a loop is told before the stream complains that it was left.
    reads.forEach((read) => read.catch((error) => console.error(error)));
    const [one, two] = await Promise.all(reads);
    assert.deepEqual(one, [...upTo(300), 300, 300]);
    assert.deepEqual(two, one);
  },

  async errors() {
    await assert.rejects(send("DescribeStream", { StreamName: "nowhere" }), (error) => {
      assert.ok(error instanceof kinesis.ResourceNotFoundException);
      assert.equal(error.message, "Stream nowhere under account 000000000000 not found.");
      assert.equal(error.$metadata.httpStatusCode, 400);
      assert.ok(error.$metadata.requestId);
      return true;
    });
    await assert.rejects(send("CreateStream", { StreamName: "a b", ShardCount: 1 }), { name: "ValidationException" });
  },

  // The default of the Firehose client is HTTP/1.1; it speaks HTTP/2 as well.
  async firehose() {
    for (const requestHandler of [undefined, new NodeHttp2Handler()]) {
      const firehose = new FirehoseClient({ ...settings, requestHandler });
      const answer = await firehose.send(new PutRecordBatchCommand({ DeliveryStreamName: "events",
        Records: upTo(100).map((i) => ({ Data: Buffer.from(`{"i":${i}}\n`) })) }));
      assert.equal(answer.FailedPutCount, 0);
      assert.equal(answer.RequestResponses.length, 100);
      firehose.destroy();
    }
  },

  async wrong_secret() {
    await assert.rejects(send("ListStreams", {}), { name: "InvalidSignatureException" });
  },
};

for (const name of process.argv.slice(2)) {
  await scenarios[name]();
  console.log(`${name}: done`);
}
client.destroy();
