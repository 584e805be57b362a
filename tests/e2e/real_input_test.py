"""Real shop data through replay: every figure of the three views equals DuckDB's over the raw files."""
import subprocess
import unittest

from weir_process import DATA, ROOT, WeirTest, oracle, rows_of, run

CLICKS = f"""CREATE TABLE clicks AS SELECT CAST(make_timestamp(ts * 1000) AS DATE) AS date, 'P' || aid AS promotion, count(*) AS clicks
  FROM (SELECT unnest(events, recursive := true) FROM read_json('{DATA}/otto_sessions.jsonl'))
  WHERE type = 'clicks' GROUP BY ALL"""
OTTO_ORDERS = f"""CREATE TABLE orders AS SELECT CAST(make_timestamp(ts * 1000) AS DATE) AS date, 'P' || aid AS promotion,
    count(DISTINCT (session, ts)) AS orders, count(*) AS lines, count(*) AS units, CAST(NULL AS DECIMAL(18,4)) AS revenue
  FROM (SELECT session, unnest(events, recursive := true) FROM read_json('{DATA}/otto_sessions.jsonl'))
  WHERE type = 'orders' GROUP BY ALL"""
RETAIL_ORDERS = f"""CREATE TABLE orders AS
  WITH lines AS (SELECT *, CAST(min(InvoiceDate) OVER (PARTITION BY InvoiceNo) AS DATE) AS date
    FROM read_csv('{DATA}/online_retail.csv.gz', types = {{'UnitPrice': 'DECIMAL(18,4)', 'InvoiceNo': 'VARCHAR', 'StockCode': 'VARCHAR',
      'InvoiceDate': 'TIMESTAMP', 'Quantity': 'BIGINT', 'CustomerID': 'VARCHAR'}}) WHERE InvoiceNo NOT LIKE 'C%')
  SELECT date, StockCode AS promotion, count(DISTINCT InvoiceNo) AS orders, count(*) AS lines, sum(Quantity) AS units,
    CAST(sum(UnitPrice * Quantity) AS DECIMAL(18,4)) AS revenue FROM lines GROUP BY ALL"""
NO_CLICKS = "CREATE TABLE clicks (date DATE, promotion VARCHAR, clicks BIGINT)"
RATIO = """CREATE TABLE ratio AS SELECT date, promotion, coalesce(clicks, 0) AS clicks, coalesce(orders, 0) AS orders,
  coalesce(orders, 0) * 100.0 / nullif(clicks, 0) AS conversion FROM clicks FULL JOIN orders USING (date, promotion)"""
VIEWS = {"view_clicks_aggregate": "clicks", "view_orders_aggregate": "orders", "view_conversion_ratio": "ratio"}


def number(text):
    return None if text == "" else float(text)


class RealInput(WeirTest):
    def compare(self, setup, months):
        compared = 0
        for month in months:
            for view, table in VIEWS.items():
                where = f"WHERE strftime(date, '%Y-%m') = '{month}' ORDER BY date, promotion"
                expected = oracle(*setup, f"SELECT * FROM {table} {where}")
                actual = rows_of(run("query", "--data", self.data, "--format", "csv",
                                     f"SELECT * FROM {view} {where}").stdout)
                self.assertEqual(len(expected), len(actual), f"{view} {month}: rows")
                for want, got in zip(expected, actual):
                    self.assertEqual((want["date"], want["promotion"]), (got["date"], got["promotion"]))
                    for column in want.keys() - {"date", "promotion"}:
                        if column == "conversion":
                            self.assertAlmostEqual(number(want[column]) or 0, number(got[column]) or 0, 9)
                            self.assertEqual(want[column] == "", got[column] == "")
                        else:
                            self.assertEqual(number(want[column]), number(got[column]), f"{view} {want} {got}")
                        compared += 1
        return compared

    def replay(self, *puts):
        arguments = [a for put in puts for a in ("--put", put)]
        return run("replay", "--data", self.data, "--arrival-field", "Timestamp", *arguments)

    def test_otto_sessions(self):
        clicks, orders = self.path("clicks.jsonl"), self.path("orders.jsonl")
        subprocess.run([ROOT / "tools/convert_samples", "otto", DATA / "otto_sessions.jsonl", "--clicks", clicks,
                        "--orders", orders], check=True)
        self.replay(f"ClickStream={clicks}", f"OrderStream={orders}")
        compared = self.compare([CLICKS, OTTO_ORDERS, RATIO], ["2022-07", "2022-08", "2022-09"])
        print(f"otto: {compared} figures equal")
        self.assertGreater(compared, 1000)
        self.assertEqual(run("verify", "--data", self.data).returncode, 0)

    def test_online_retail(self):
        orders = self.path("orders.jsonl")
        subprocess.run([ROOT / "tools/convert_samples", "retail", DATA / "online_retail.csv.gz", "--orders", orders],
                       check=True)
        self.replay(f"OrderStream={orders}")
        months = ["2010-12"] + [f"2011-{month:02d}" for month in range(1, 13)]
        compared = self.compare([NO_CLICKS, RETAIL_ORDERS, RATIO], months)
        print(f"online retail: {compared} figures equal")
        self.assertGreater(compared, 1_000_000)


if __name__ == "__main__":
    unittest.main()
