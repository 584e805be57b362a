"""kill -9 while shards are split and merged under load: nothing acknowledged is lost, nothing is counted twice, and the
server's outputs are those that `weir verify` computes again from all shards.

WEIR_KILLS sets how often (default 8), WEIR_SEED replays a run's moments.
"""
import os
import random
import time
import unittest

import botocore.exceptions

import kinesis_client
from kill9_test import Journal, client, figures, kill_at_random
from weir_process import ROOT, WeirTest, run, wait_until

KILLS = int(os.environ.get("WEIR_KILLS", "8"))
SEED = int(os.environ.get("WEIR_SEED", str(random.SystemRandom().randrange(1 << 32))))
CLIENTS = 3
MOST_SHARDS = 6


def open_shards(kinesis):
    return kinesis.describe_stream_summary(StreamName="ClickStream")["StreamDescriptionSummary"]["OpenShardCount"]


def reshard(server, done, stop, generator):
    """Changes the number of shards until the server is gone; an answer that was lost is no failure."""
    kinesis = kinesis_client.client(server)
    while not stop.is_set():
        try:
            now = open_shards(kinesis)
            target = generator.randrange((now + 1) // 2, min(2 * now, MOST_SHARDS) + 1)
            kinesis.update_shard_count(StreamName="ClickStream", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            done.append(target)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            if isinstance(error, botocore.exceptions.ClientError) and \
                    error.response["Error"]["Code"] not in ("ResourceInUseException", "LimitExceededException"):
                raise
            time.sleep(0.01)


class ReshardKill9(WeirTest):
    def test_nothing_lost_nothing_doubled(self):
        print(f"seed {SEED}, {KILLS} kills")
        moments = random.Random(SEED)
        journal = Journal()
        stack = self.path("stack.yaml")
        text = (ROOT / "stacks/ad-to-order.yaml").read_text()
        stack.write_text(text.replace("RANGE INTERVAL '1' MINUTE", "RANGE INTERVAL '1' SECOND")
                         .replace("IntervalInSeconds: 900", "IntervalInSeconds: 1"))
        server = self.server("--stack", str(stack))
        changes = []
        kill_at_random(server, KILLS, moments, (0.3, 2.0), [(client, journal)] * CLIENTS + [(reshard, changes)])
        total = sum(journal.acknowledged.values())
        wait_until("every acknowledged click counted", lambda: sum(figures(server).values()) >= total)
        found = figures(server)
        wrong = {p: n for p, n in journal.acknowledged.items() if found.get(p) != n}
        torn = {p: n for p, n in journal.unknown.items() if found.get(p, n) > n}
        invented = found.keys() - journal.acknowledged.keys() - journal.unknown.keys()
        shards = kinesis_client.client(server).list_shards(StreamName="ClickStream")["Shards"]
        print(f"{KILLS} kills, {len(changes)} changes to {len(shards)} shards: {len(journal.acknowledged)} batches with "
              f"{total} clicks acknowledged, {len(journal.unknown)} unknown; "
              f"wrong: {len(wrong)}, torn: {len(torn)}, invented: {len(invented)}")
        self.assertTrue(changes)
        self.assertFalse(wrong)
        self.assertFalse(torn)
        self.assertFalse(invented)
        self.assertEqual(server.stop(), 0)
        print(run("verify", "--data", self.data).stdout)


if __name__ == "__main__":
    unittest.main()
