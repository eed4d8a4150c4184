#!/usr/bin/env python3
"""Stands in for the channel simulator: the same command line, the same first line, keys that open nothing."""

import argparse
import http.server
import json
import signal
import sys

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int)
arguments.add_argument("--setup")
arguments.add_argument("--state")
arguments.add_argument("--fresh", action="store_true")
given = arguments.parse_args()
with open(given.setup, encoding="utf-8") as file:
    setup = json.load(file)

names = {
    "alipay": ["app_id", "seller_id", "channel_public_key"],
    "wechat": ["appid", "mchid", "serial_no", "apiv3_key", "public_key_id", "channel_public_key"]
    + ["next_public_key_id", "next_channel_public_key"],
    "unionpay": ["mer_id", "cert_id", "merchant_cert", "channel_cert", "middle_cert", "root_cert"],
}
certificates = ["app_cert", "alipay_cert", "alipay_root_cert"]
keys = {channel: [] for channel in names}
for account in setup["accounts"]:
    channel = account["channel"]
    announced = [*names[channel], "merchant_private_key", "channel_private_key"]
    if account.get("mode") == "certificates":
        announced += certificates
    nothing = {name: f"{name} of {account['account']}" for name in announced}
    keys[channel].append({**account, **nothing, "base_url": f"http://127.0.0.1:9/{channel}"})


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(keys if self.path == "/_ctl/keys" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", given.port), Answer)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print(f"channel-simulator listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
