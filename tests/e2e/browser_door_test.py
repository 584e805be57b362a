"""The doors for shops: pages on another origin in a real browser (web/e2e/check_shop.mjs), and signed webhooks."""
import base64
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import unittest

from weir_process import ROOT, WeirTest, wait_until

SECRET = b"a secret of the shop"
HEAD = '<!doctype html><meta charset="utf-8"><title>Shop</title>'
LINES = '[{"item": "I1", "promotion": "%s", "price": 19.9, "quantity": 2}, {"item": "I2", "price": 5}]'


def shop_pages(weir):
    script = f'<script src="{weir}/weir.js" defer></script>'
    lines = "%5B%7B%22item%22%3A%22I1%22%2C%22promotion%22%3A%22P602%22%2C%22price%22%3A4%7D%5D"
    return {
        "/": f'{HEAD}{script}<a id="ad" href="/cart" data-weir-promotion="P601"><b>Sale</b></a><button id="plain">No ad</button>',
        "/cart": f"""{HEAD}{script}<button id="buy">Buy</button><script>
            document.querySelector("#buy").onclick = () => weir.order({{ id: 1001, lines: {LINES % "P601"} }});</script>""",
        "/consent": f"{HEAD}{script.replace('<script', '<script data-consent')}",
        "/pixels": f'{HEAD}<img src="{weir}/p.gif?promotion=P602&amp;click=abcd-efgh&amp;user=u2">'
                   f'<img src="{weir}/p.gif?order=1002&amp;lines={lines}">',
    }


class Shop:
    """Serves the pages on a free port; its origin names the host differently from Weir's."""

    def __init__(self):
        pages = self.pages = {}  # By path; filled in once Weir's address is known.

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = pages.get(self.path)
                self.send_response(200 if page else 404)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((page or "").encode())

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class BrowserDoor(WeirTest):
    def start_with_shops(self):
        shops = [Shop(), Shop()]
        for shop in shops:
            self.addCleanup(shop.stop)
        server = self.server("--parameter", f"BrowserOrigins={shops[0].origin}")
        for shop in shops:
            shop.pages.update(shop_pages(server.url))
        return server, shops

    def test_in_a_browser(self):
        server, (shop, other) = self.start_with_shops()
        done = subprocess.run(["node", "e2e/check_shop.mjs", server.url, shop.origin, other.origin], cwd=ROOT / "web",
                              capture_output=True, text=True, timeout=300)
        print(done.stdout[-8000:], done.stderr[-3000:])
        self.assertEqual(done.returncode, 0)
        clicks = {"P601": 1, "P602": 1, "P603": 1, "P604": 2, "P605": 1}
        wait_until("every click, once", lambda: clicks == {
            row["promotion"]: row["clicks"] for row in server.query("SELECT * FROM view_clicks_aggregate")})
        orders = wait_until("both orders", lambda: len(rows := server.query(
            "SELECT promotion, orders, units, revenue FROM view_orders_aggregate ORDER BY promotion")) == 2 and rows)
        self.assertEqual([(row["promotion"], row["orders"], row["units"], float(row["revenue"])) for row in orders],
                         [("P601", 1, 2, 39.8), ("P602", 1, 1, 4.0)])
        _, figures = server.request("GET", "/metrics")
        self.assertIn('weir_browser_refused_requests_total{reason="origin"} 1', figures)
        self.assertIn('weir_browser_refused_requests_total{reason="opted_out"} 2', figures)

    def test_is_shut_by_default(self):
        server = self.server()
        for method, path in (("GET", "/weir.js"), ("GET", "/p.gif?promotion=P1"), ("POST", "/v1/collect")):
            status, body = server.request(method, path, body="{}" if method == "POST" else None)
            self.assertEqual(status, 404)
            self.assertIn("the browser door is off", body)


class WebhookDoor(WeirTest):
    def test_signed_orders(self):
        template = (ROOT / "stacks/ad-to-order.yaml").read_text()
        template = template.replace("\nOutputs:\n", """
  Hook:
    Type: Weir::WebhookSource
    Properties:
      Name: shop
      Stream: !Ref OrderStream
      SecretFile: shop.key
      SignatureHeader: X-Shopify-Hmac-SHA256
      Mapping:
        OrderId: $.id
        Timestamp: $.created_at
        ClickIds: $.note_attributes[?@.name=='weir'].value
        Lines: $.line_items
        ItemId: $.sku
        Promotion: $.properties[?@.name=='_promotion'].value
        UnitPrice: $.price
        Quantity: $.quantity

Outputs:
""")
        self.path("stack.yaml").write_text(template)
        server = self.server("--stack", str(self.path("stack.yaml")))
        secrets = self.data / "secrets"
        secrets.mkdir(exist_ok=True)
        key = secrets / "shop.key"
        key.write_bytes(SECRET + b"\n")
        order = json.dumps({"id": 7, "line_items": [
            {"sku": "I1", "price": "12.50", "quantity": 3, "properties": [{"name": "_promotion", "value": "P701"}]}]}).encode()

        def send(body, secret=SECRET):
            signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
            return server.request("POST", "/v1/webhooks/shop", body, {"x-shopify-hmac-sha256": signature})

        key.chmod(0o644)
        self.assertEqual(send(order)[0], 503)
        wait_until("the log says why", lambda: any("chmod 600" in line for line in server.log))
        key.chmod(0o600)
        wait_until("the secret is read again", lambda: send(order, b"wrong secret of it")[0] == 401)
        self.assertEqual(send(order), (200, '{"accepted":1,"duplicates":0}\n'))
        self.assertEqual(send(order), (200, '{"accepted":0,"duplicates":1}\n'))
        self.assertEqual(send(b'{"id":8}')[0], 400)
        rows = wait_until("the order", lambda: server.query("SELECT promotion, orders, units, revenue FROM view_orders_aggregate"))
        self.assertEqual([(row["promotion"], row["orders"], row["units"], float(row["revenue"])) for row in rows],
                         [("P701", 1, 3, 37.5)])


if __name__ == "__main__":
    unittest.main()
