#!/usr/bin/env python3
"""Stands in for every function: answers an HTTP request with what it saw, and a batch with success."""

import json
import os
import urllib.request

api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.load(invocation)
    if "requestContext" in event:
        seen = {
            "route": event["routeKey"],
            "body": event.get("body"),
            "base64": event["isBase64Encoded"],
            "authorization": event["headers"].get("authorization"),
            "query": event["rawQueryString"],
            "aws": os.environ["AWS_ENDPOINT_URL"],
            "table": os.environ["PAYMENTS_TABLE"],
            "public_url": os.environ["PUBLIC_URL"],
        }
        answer = {"statusCode": 418, "headers": {"x-seen": "yes"}, "body": json.dumps(seen)}
    else:
        answer = {"batchItemFailures": []}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(f"{api}/{request_id}/response", data=body)).close()
