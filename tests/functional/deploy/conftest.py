"""AWS on this machine: moto behind a small proxy that records calls and answers chosen ones itself; and the faithful server."""

from __future__ import annotations

import ast
import functools
import hashlib
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.loaders import JSONFileLoader

from framework.deploy.backend import SageMakerBackend
from framework.pipeline.compiled import CompiledPipeline, Upload
from tests.functional.deploy.faithful import Faithful

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/pipelines"
BUCKET = "models"
READS = ("Describe", "List", "Head", "Get", "Simulate")
S3_QUESTIONS = {"encryption": "GetBucketEncryption", "list-type": "ListObjectsV2", "location": "GetBucketLocation"}
LOAD_FILE = JSONFileLoader.load_file
HOP_BY_HOP = ("connection", "expect", "keep-alive", "transfer-encoding", "content-length")


@dataclass(frozen=True)
class Call:
    operation: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """`cut` hangs up after so many bytes of the body, -1 before anything is said."""

    status: int
    body: bytes
    kind: str = "application/x-amz-json-1.1"
    cut: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Cloud:
    """What a test sees of AWS: `calls` made so far, answers of its own, and clients that bypass the proxy."""

    def __init__(self, moto: str) -> None:
        self.moto = moto
        self.calls: list[Call] = []
        self.scripts: dict[str, deque[Answer]] = defaultdict(deque)
        self.rules: dict[str, Answer | Callable[[Call], Answer]] = {}

    def answer_for(self, call: Call) -> Answer | None:
        if self.scripts[call.operation]:
            return self.scripts[call.operation].popleft()
        rule = self.rules.get(call.operation)
        return rule(call) if callable(rule) else rule

    def next(self, operation: str, *answers: Answer) -> None:
        self.scripts[operation].extend(answers)

    def always(self, operation: str, answer: Answer | Callable[[Call], Answer]) -> None:
        self.rules[operation] = answer

    @staticmethod
    def ok(**members: Any) -> Answer:
        return Answer(200, json.dumps(members).encode())

    @staticmethod
    def refusal(code: str, message: str, status: int = 400) -> Answer:
        return Answer(status, json.dumps({"__type": f"com.amazonaws.sagemaker#{code}", "Message": message}).encode())

    @staticmethod
    def s3_refusal(code: str, message: str, status: int) -> Answer:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return Answer(status, body.encode(), "application/xml")

    @staticmethod
    def query_refusal(code: str, message: str, status: int = 400, of_ec2: bool = False) -> Answer:
        """As IAM and STS refuse, or EC2, which puts other elements around it."""
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        whole = f"<Response><Errors>{error}</Errors></Response>" if of_ec2 else f"<ErrorResponse>{error}</ErrorResponse>"
        return Answer(status, whole.encode(), "text/xml")

    @property
    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]

    @property
    def writes(self) -> list[str]:
        return [operation for operation in self.operations if not operation.startswith(READS)]

    def of(self, operation: str) -> list[Call]:
        return [call for call in self.calls if call.operation == operation]

    def client(self, service: str) -> Any:
        return direct_client(self.moto, service)


@functools.cache
def direct_client(moto: str, service: str) -> Any:
    session = boto3.Session("dummy-access-key", "dummy-secret-key", region_name=REGION)
    return session.client(service, endpoint_url=moto, config=Config(s3={"addressing_style": "path"}))


def proxy_handler(cloud: Callable[[], Cloud]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            call = Call(operation_of(self, body), self.path, dict(self.headers), body)
            cloud().calls.append(call)
            answer = cloud().answer_for(call)
            if answer is None:
                self.forward(call)
            else:
                self.reply(answer.status, {"Content-Type": answer.kind, **dict(answer.headers)}, answer.body, cut=answer.cut)

        def forward(self, call: Call) -> None:
            connection = http.client.HTTPConnection(cloud().moto.removeprefix("http://"), timeout=20)
            headers = {key: value for key, value in call.headers.items() if key.lower() not in HOP_BY_HOP}
            connection.request(self.command, call.path, body=call.body, headers=headers)
            answer = connection.getresponse()
            kept = {key: value for key, value in answer.getheaders() if key.lower() not in HOP_BY_HOP}
            body = repaired(answer.read()) if call.operation == "DescribePipeline" else answer.read()
            self.reply(answer.status, kept, body, answer.getheader("Content-Length") if self.command == "HEAD" else None)
            connection.close()

        def reply(
            self, status: int, headers: dict[str, str], body: bytes, length: str | None = None, cut: int | None = None
        ) -> None:
            self.close_connection = cut is not None
            if cut == -1:
                return
            self.send_response_only(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[:cut])

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


def repaired(body: bytes) -> bytes:
    """moto tells a definition that came by S3 as Python text; the service tells it as it was given."""
    answer = json.loads(body)
    text = answer.get("PipelineDefinition", "")
    if text.startswith("{'"):
        answer["PipelineDefinition"] = json.dumps(ast.literal_eval(text))
    return json.dumps(answer).encode()


def operation_of(request: BaseHTTPRequestHandler, body: bytes) -> str:
    """The operation: a header names it, a form does, or it shows in what is asked of S3."""
    target = request.headers.get("X-Amz-Target", "")
    if target:
        return target.rpartition(".")[2]
    if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode())["Action"][0]
    url = urlsplit(request.path)
    asked = [name for part, name in S3_QUESTIONS.items() if part in parse_qs(url.query, keep_blank_values=True)]
    of = "Object" if url.path.strip("/").count("/") else "Bucket"
    return asked[0] if asked and request.command == "GET" else f"{request.command.capitalize()}{of}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(moto: str, path: str) -> int:
    connection = http.client.HTTPConnection(moto.removeprefix("http://"), timeout=5)
    try:
        connection.request("POST", path)
        return connection.getresponse().status
    finally:
        connection.close()


def wait_for(moto: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            post(moto, "/moto-api/reset")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("moto's server does not answer")


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def proxy(moto: str) -> Iterator[tuple[str, list[Cloud]]]:
    """The proxy's address, and a list whose last element is the cloud it serves now."""
    clouds = [Cloud(moto)]
    server = ThreadingHTTPServer(("127.0.0.1", 0), proxy_handler(lambda: clouds[-1]))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", clouds
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@functools.cache
def loaded(path: str) -> Any:
    return LOAD_FILE(JSONFileLoader(), path)


def lead_to(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Set the environment so that every client goes to the server at `url`, with credentials that are none."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "dummy-access-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy-secret-key")
    # The retries of botocore are under test, the seconds between them are not.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    monkeypatch.setattr("framework.deploy.whole.pause", lambda attempts: 0.01)
    # Each client reads the same files of botocore again, and that takes most of the time of a small test.
    monkeypatch.setattr("botocore.loaders.JSONFileLoader.load_file", lambda _, path: loaded(path))


@pytest.fixture
def cloud(moto: str, proxy: tuple[str, list[Cloud]], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Cloud:
    """A new, empty AWS with one bucket; the environment leads every client to it."""
    lead_to(proxy[0], monkeypatch, tmp_path)
    post(moto, "/moto-api/reset")
    cloud = Cloud(moto)
    cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    proxy[1].append(cloud)
    return cloud


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Faithful]:
    """The faithful server with one bucket, for what moto does not know; at the end it must not have broken botocore's model."""
    with Faithful() as server:
        lead_to(server.url, monkeypatch, tmp_path)
        server.s3.buckets[BUCKET] = {}
        yield server
    server.verify()


@pytest.fixture
def backend(cloud: Cloud) -> SageMakerBackend:
    return SageMakerBackend()


@pytest.fixture
def make() -> Callable[..., CompiledPipeline]:
    """A small compiled pipeline; keywords replace its members, `depth` and `steps` what its definition holds."""

    def build(depth: str = "6", steps: int = 1, **members: Any) -> CompiledPipeline:
        arguments = {"HyperParameters": {"max_depth": depth}, "RoleArn": ROLE}
        definition = {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": [{"Name": "Depth", "Type": "Integer", "DefaultValue": 6}],
            "Steps": [{"Name": f"train-{n}", "Type": "Training", "Arguments": arguments} for n in range(steps)],
        }
        given = {"role": ROLE, "bucket": BUCKET, "tags": ({"Key": "team", "Value": "risk"},), **members}
        return CompiledPipeline("lgbm-test", definition, **given)

    return build


@pytest.fixture
def upload() -> Callable[..., Upload]:
    def build(content: bytes, bucket: str = BUCKET) -> Upload:
        digest = hashlib.sha256(content).hexdigest()
        return Upload(f"s3://{bucket}/lgbm-test/code/{digest}/sourcedir.tar.gz", digest, content)

    return build
