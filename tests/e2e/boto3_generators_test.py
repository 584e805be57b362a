"""The two shipped applications fed only by boto3 put_records, as the reference system's own generators do: batches of
JSON records with random users, devices and promotions. The views say what was sent, also after kill -9 between batches."""
import collections
import json
import random
import time
import unittest

import boto3
import botocore.config

from weir_process import WeirTest, wait_until

PROMOTIONS = [f"P{n}" for n in range(600, 620)]
DEVICES = ["mobile", "computer", "tablet", "mobile browser", "computer browser"]
BATCH = 500


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


def click(chance):
    checkout = chance.random() < 0.2
    return {"UserId": f"u{chance.randrange(1_000)}", "Device": chance.choice(DEVICES),
            "Event": f"C{chance.randrange(100)}" if checkout else chance.choice(PROMOTIONS),
            "EventType": "Checkout" if checkout else "Promotion", "Timestamp": now()}


def order(chance, number):
    lines = [{"ItemId": f"I{chance.randrange(100)}", "UnitPrice": round(chance.uniform(1, 90), 2),
              "Quantity": chance.randrange(1, 5)} for _ in range(chance.randrange(1, 4))]
    for line in lines:
        if chance.random() < 0.8:
            line["Promotion"] = chance.choice(PROMOTIONS[:5])
    return {"OrderId": f"o{number}", "Timestamp": now(), "OrderLines": lines}


class Generators(WeirTest):
    def send(self, stream, records, key):
        """Batches of put_records; what fails is sent again, as the API asks for."""
        kinesis = boto3.client("kinesis", endpoint_url=self.weir.url, region_name="us-east-1", aws_access_key_id="any",
                               aws_secret_access_key="any", config=botocore.config.Config(retries={"max_attempts": 0}))
        for start in range(0, len(records), BATCH):
            left = [{"Data": json.dumps(record).encode(), "PartitionKey": str(record[key])}
                    for record in records[start:start + BATCH]]
            while left:
                answer = kinesis.put_records(StreamName=stream, Records=left)
                left = [record for record, result in zip(left, answer["Records"]) if "ErrorCode" in result]
                self.assertEqual(len(left), answer["FailedRecordCount"])

    def figures(self):
        return {row["promotion"]: (int(row["clicks"]), int(row["orders"]))
                for row in self.weir.query("SELECT promotion, sum(clicks) AS clicks, sum(orders) AS orders "
                                           "FROM view_conversion_ratio GROUP BY 1")}

    def test_the_views_say_what_was_sent(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        self.weir = self.server()
        clicks, orders = collections.Counter(), collections.Counter()
        for step in range(4):
            sent_clicks = [click(chance) for _ in range(3_000)]
            sent_orders = [order(chance, step * 1_000 + n) for n in range(700)]
            clicks.update(c["Event"] for c in sent_clicks if c["EventType"] == "Promotion")
            for sent in sent_orders:
                orders.update({line["Promotion"] for line in sent["OrderLines"] if "Promotion" in line})
            self.send("ClickStream", sent_clicks, "UserId")
            self.send("OrderStream", sent_orders, "OrderId")
            if step == 1:
                self.weir.kill()
                self.weir.start()
        expected = {p: (clicks[p], orders[p]) for p in clicks | orders}
        wait_until("the figures", lambda: self.figures() == expected, seconds=120)
        self.assertEqual(self.weir.stop(), 0)


if __name__ == "__main__":
    unittest.main()
