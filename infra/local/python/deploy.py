"""Deploys template.yaml, as it stands, to the local AWS emulator.

Reads one JSON request from standard input and writes JSON lines: {"progress": …} while it works, then {"result": …} or
{"error": …}. It does what `sam package` and `sam deploy` do (code and template to S3 under their hashes, CodeUri
pointed there, nothing else touched) and one thing more: the emulator makes HTTP APIs without the routes in their Body,
so they are added here from the processed template.
"""

import concurrent.futures
import hashlib
import io
import json
import re
import sys
import time
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

BUCKET = "payonce-local-code"
FUNCTION = "AWS::Serverless::Function"
METHODS = {"get", "post", "put", "patch", "delete", "x-amazon-apigateway-any-method"}


def say(**line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


def zipped(path):
    """A zip that is the same for the same binary, since its hash is its name."""
    with open(path, "rb") as binary:
        content = binary.read()
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_STORED
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(entry, content)
    return hashlib.sha256(content).hexdigest(), archive.getvalue()


def upload(s3, name, path):
    digest, archive = zipped(path)
    key = f"{name}-{digest[:32]}.zip"
    s3.put_object(Bucket=BUCKET, Key=key, Body=archive)
    say(progress=f"packaged {name} ({len(archive) / 1e6:.0f} MB)")
    return {"Bucket": BUCKET, "Key": key}


def package(template, binaries, s3):
    try:
        s3.create_bucket(Bucket=BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    functions = {name: each for name, each in template["Resources"].items() if each["Type"] == FUNCTION}
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        uploads = {}
        for name, resource in functions.items():
            binary = resource["Metadata"]["BuildProperties"]["Binary"]
            if binary not in binaries:
                raise SystemExit(f"{name} in template.yaml wants the binary {binary}, which was not built")
            uploads[name] = pool.submit(upload, s3, name, binaries[binary])
        for name, uploaded in uploads.items():
            functions[name]["Properties"]["CodeUri"] = uploaded.result()
    # Through S3 as well: a template of more than 50 KB is not taken otherwise.
    body = json.dumps(template, separators=(",", ":")).encode()
    key = f"template-{hashlib.sha256(body).hexdigest()[:32]}.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"{s3.meta.endpoint_url}/{BUCKET}/{key}"


def status_of(cloudformation, stack):
    try:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None


def settle(cloudformation, stack, limit_seconds=120):
    """Waits until nothing moves any more."""
    deadline = time.monotonic() + limit_seconds
    while True:
        status = status_of(cloudformation, stack)
        if status is None or not status.endswith("_IN_PROGRESS"):
            return status
        if time.monotonic() > deadline:
            raise SystemExit(f"the stack is still {status} after {limit_seconds} s")
        time.sleep(0.2)


def reasons(cloudformation, stack):
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    return "; ".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}" for event in failed[:5]
    )


def deploy(cloudformation, stack, template_url, parameters):
    request = {
        "StackName": stack,
        "TemplateURL": template_url,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in sorted(parameters.items())],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    before = settle(cloudformation, stack)
    if before in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"):
        cloudformation.delete_stack(StackName=stack)
        settle(cloudformation, stack)
        before = None
    if before in (None, "DELETE_COMPLETE"):
        say(progress="creating the stack")
        cloudformation.create_stack(**request)
    else:
        say(progress="updating the stack")
        try:
            cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates" not in str(error):
                raise
            return
    after = settle(cloudformation, stack)
    if after not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise SystemExit(f"the stack ended {after}: {reasons(cloudformation, stack)}")


def function_named_in(integration):
    """The logical id inside `arn:…:functions/${pay.Arn}/invocations`."""
    return re.search(r"\$\{(\w+)\.Arn\}", json.dumps(integration["uri"])).group(1)


def met(part):
    """What SAM wrapped in the condition of a function; it holds where the function's API is there."""
    return part["Fn::If"][1] if isinstance(part, dict) and "Fn::If" in part else part


def route(cloudformation, gateway, stack):
    """Gives each HTTP API the integrations and routes of its Body, and takes away what the Body does not name."""
    processed = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    template = json.loads(processed) if isinstance(processed, str) else processed
    listed = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    physical = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
    apis = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::ApiGatewayV2::Api" or name not in physical:
            continue
        api = physical[name]
        apis[name] = api
        wanted = {}
        for path, methods in resource["Properties"]["Body"]["paths"].items():
            for method, operation in met(methods).items():
                operation = met(operation)
                if method in METHODS:
                    verb = "ANY" if method.startswith("x-") else method.upper()
                    wanted[f"{verb} {path}"] = function_named_in(operation["x-amazon-apigateway-integration"])

        targets = {}
        for each in gateway.get_integrations(ApiId=api, MaxResults="500").get("Items", []):
            targets[each["IntegrationUri"]] = each["IntegrationId"]
        there = {each["RouteKey"]: each for each in gateway.get_routes(ApiId=api, MaxResults="500").get("Items", [])}
        for key, function in wanted.items():
            arn = f"arn:aws:lambda:{gateway.meta.region_name}:000000000000:function:{physical[function]}"
            if arn not in targets:
                made = gateway.create_integration(
                    ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
                )
                targets[arn] = made["IntegrationId"]
            target = f"integrations/{targets[arn]}"
            if key not in there:
                gateway.create_route(ApiId=api, RouteKey=key, Target=target)
            elif there[key].get("Target") != target:
                gateway.update_route(ApiId=api, RouteId=there[key]["RouteId"], RouteKey=key, Target=target)
        for key, each in there.items():
            if key not in wanted:
                gateway.delete_route(ApiId=api, RouteId=each["RouteId"])
        say(progress=f"{len(wanted)} routes lead to their functions")
    return apis


def main():
    request = json.load(sys.stdin)

    def client(service):
        return boto3.client(
            service,
            endpoint_url=request["endpoint"],
            region_name=request["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 2}),
        )

    with open(request["template"], encoding="utf-8") as file:
        template = yaml_parse(file.read())
    cloudformation = client("cloudformation")
    template_url = package(template, request["binaries"], client("s3"))
    deploy(cloudformation, request["stack"], template_url, request["parameters"])
    apis = route(cloudformation, client("apigatewayv2"), request["stack"])
    described = cloudformation.describe_stacks(StackName=request["stack"])["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    say(result={"apis": apis, "outputs": outputs})


if __name__ == "__main__":
    try:
        main()
    except SystemExit as end:
        if end.code:
            say(error=str(end.code))
        raise SystemExit(1 if end.code else 0)
    except Exception as error:
        say(error=f"{type(error).__name__}: {error}")
        raise SystemExit(1)
