"""Endpoints: real servers on loopback that outlive the run and the tool, are replaced without a gap, and die when asked."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local import endpoints, step_types
from framework.local.backend import LocalBackend
from framework.local.endpoints import Endpoint
from framework.local.isolation import choose_runner
from framework.local.processes import alive, identity
from framework.local.step_types import endpoint, endpoint_config
from framework.local.store import LocalStore
from framework.pipeline.compiled import CompiledPipeline, LocalSettings, StandIn
from framework.pipeline.execution import Execution

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = Path("/usr/bin/python3")
MODEL = "s3://b/model.tar.gz"
INFERENCE = """
import subprocess, sys, time

def model_fn(model_dir):
    weights = open(f"{model_dir}/weights").read().split()
    print("loading", weights)
    if "fails" in weights:
        raise RuntimeError("these are no weights")
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)", weights[1]], start_new_session=True)
    if "slow" in weights:
        time.sleep(float(weights[3]))
    return weights[0]

def transform_fn(model, data, content_type, accept):
    if data == "wait":
        time.sleep(0.5)
    return f"{model}|{data}|{content_type}", "text/plain"
"""
SERVER = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ping" else 404)
        self.end_headers()
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"own server: " + body)
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""
ENGINE = """
import os, pathlib, signal, sys
here = pathlib.Path(sys.argv[0]).parent
if sys.argv[1] == "info":
    print("[]")
    sys.exit(0)
if sys.argv[1] != "run":
    os.kill(int((here / sys.argv[-1]).read_text()), signal.SIGKILL)
    sys.exit(0)
(here / sys.argv[sys.argv.index("--name") + 1]).write_text(str(os.getpid()))
words = sys.argv[sys.argv.index("-p") + 1 :]
os.environ["SAGEMAKER_BIND_TO_PORT"] = words[0].split(":")[1]
""" + SERVER.replace('b"own server: "', '" ".join([*sys.argv[-2:], "at", os.environ["DOCKER_HOST"] + ": "]).encode()')
TOOL = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from framework.local import step_types
from framework.local.step_types import endpoint, endpoint_config
step_types.STEP_TYPES = {**step_types.STEP_TYPES, "Endpoint": endpoint.STEP_TYPE, "EndpointConfig": endpoint_config.STEP_TYPE}
from framework.local.backend import LocalBackend
from framework.local import endpoints
from framework.pipeline.compiled import CompiledPipeline
import json
steps = json.loads(sys.argv[3])
execution = LocalBackend(Path(sys.argv[2])).run(CompiledPipeline("p", {"Version": "2020-12-01", "Steps": steps}), {})
print(execution.status, [state.get("FailureReason") for state in execution.steps])
"""

Deploy = Callable[..., Execution]


def alive_with(marker: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def eventually(condition: Callable[[], Any], seconds: float = 15.0) -> bool:
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def marker() -> str:
    return f"sleeper-{uuid.uuid4().hex}"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    mine = {"Endpoint": endpoint.STEP_TYPE, "EndpointConfig": endpoint_config.STEP_TYPE}
    monkeypatch.setattr(step_types, "STEP_TYPES", {**step_types.STEP_TYPES, **mine})
    yield tmp_path / "state"
    endpoints.stop_all(tmp_path / "state")


def put_model(state: Path, weights: str, script: str = INFERENCE) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in {"weights": weights, "code/inference.py": script}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    LocalStore(state / "s3").put(MODEL, stream.getvalue())


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def steps(name: str = "ep", variants: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    only = {
        "VariantName": "AllTraffic",
        "ModelName": get("Steps.M.ModelName"),
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    container = {"Image": "image", "ModelDataUrl": MODEL, "Environment": {"LEVEL": "1"}}
    config = {"EndpointConfigName": "cfg", "ProductionVariants": variants or [only]}
    return [
        {"Name": "M", "Type": "Model", "Arguments": {"PrimaryContainer": container}},
        {"Name": "C", "Type": "EndpointConfig", "Arguments": config},
        {
            "Name": "E",
            "Type": "Endpoint",
            "Arguments": {"EndpointName": name, "EndpointConfigName": get("Steps.C.EndpointConfigName"), "Tags": []},
        },
    ]


@pytest.fixture
def deploy(state: Path) -> Deploy:
    def run(weights: str, settings: LocalSettings | None = None, **about: Any) -> Execution:
        put_model(state, weights)
        backend = LocalBackend(state, settings=settings)
        return backend.run(CompiledPipeline("p", {"Version": "2020-12-01", "Steps": steps(**about)}), {})

    return run


def ask(url: str, body: str, content_type: str = "text/csv") -> str:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=20) as response:
        return str(response.read().decode())


def only(state: Path) -> Endpoint:
    [endpoint] = endpoints.list(state)
    return endpoint


def reason(execution: Execution) -> str:
    return str(next(each["FailureReason"] for each in execution.steps if "FailureReason" in each))


def described(state: Path, execution: Execution) -> dict[str, Any]:
    return dict(json.loads((state / "runs" / execution.id / "steps" / "E" / "description.json").read_bytes()))


def test_an_endpoint_outlives_the_tool_and_dies_when_asked(state: Path, marker: str) -> None:
    put_model(state, f"w1 {marker}")
    tool = subprocess.run(
        [sys.executable, "-c", TOOL, ROOT, state, json.dumps(steps())], capture_output=True, text=True, timeout=60, check=False
    )
    assert tool.stdout == "Succeeded [None, None, None]\n", tool.stderr
    found = only(state)
    assert (found.name, found.status, found.config) == ("ep", "InService", "cfg")
    assert found.url == f"http://127.0.0.1:{found.port}/endpoints/ep/invocations"
    assert ask(found.url, "1,2") == "w1|1,2|text/csv"
    assert ask(f"http://127.0.0.1:{found.port}/invocations", "3") == "w1|3|text/csv"
    with urllib.request.urlopen(f"http://127.0.0.1:{found.port}/ping", timeout=5) as response:
        assert response.status == 200
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(f"http://127.0.0.1:{found.port}/endpoints/other/invocations", "3")
    assert "loading ['w1'" in found.log.read_text()
    assert alive_with(marker)
    assert endpoints.stop(state, "ep") == ["ep"]
    assert not alive_with(marker)
    assert not alive(found.process)
    assert endpoints.list(state) == []
    assert [path.name for path in (state / "endpoints").rglob("*")] == ["ep", "lock"] or not list(
        (state / "endpoints" / "ep").iterdir()
    )
    with pytest.raises(OSError, match="refused"):
        ask(found.url, "1")
    with pytest.raises(BackendError, match=r"Stopping the endpoint ep failed: there is no such endpoint here"):
        endpoints.stop(state, "ep")


def test_the_sagemaker_runtime_client_speaks_to_it(state: Path, deploy: Deploy, marker: str) -> None:
    boto3 = pytest.importorskip("boto3")
    execution = deploy(f"w1 {marker}")
    assert execution.status == "Succeeded", execution.steps
    about = described(state, execution)
    assert about["EndpointArn"] == "arn:aws:sagemaker:local:000000000000:endpoint/ep"
    assert (about["EndpointStatus"], about["EndpointConfigName"], about["LocalUrl"]) == ("InService", "cfg", only(state).url)
    assert about["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    secret = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "eu-west-1"}
    client = boto3.client("sagemaker-runtime", endpoint_url=f"http://127.0.0.1:{only(state).port}", **secret)
    assert client.invoke_endpoint(EndpointName="ep", Body=b"5", ContentType="text/csv")["Body"].read() == b"w1|5|text/csv"


def test_it_answers_others_while_the_script_is_busy(state: Path, deploy: Deploy, marker: str) -> None:
    deploy(f"w1 {marker}")
    url, ping = only(state).url, only(state).url.partition("/endpoints")[0] + "/ping"
    with ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(ask, url, "wait") for _ in range(2)]
        begin = time.monotonic()
        urllib.request.urlopen(ping, timeout=5).close()
        assert time.monotonic() - begin < 0.4
        assert [each.result() for each in slow] == ["w1|wait|text/csv"] * 2


def test_a_new_deployment_replaces_the_old_one_without_a_gap(state: Path, deploy: Deploy, marker: str) -> None:
    deploy(f"w1 {marker}-old")
    old, gaps, answers, done = only(state), [], set(), threading.Event()

    def client() -> None:
        while not done.is_set():
            try:
                answers.add(ask(only(state).url, "x").partition("|")[0])
            except (OSError, ValueError) as error:
                gaps.append(error)

    person = threading.Thread(target=client)
    person.start()
    execution = deploy(f"w2 {marker}-new slow 0.5")
    eventually(lambda: "w2" in answers, 5)
    done.set()
    person.join(20)
    assert execution.status == "Succeeded"
    assert answers == {"w1", "w2"}
    assert len(gaps) <= 1  # it had read the old address, and asked the moment after the old server ended
    assert not alive(old.process)
    assert not alive_with(f"{marker}-old")
    assert only(state).process != old.process
    assert len(list((state / "endpoints" / "ep").iterdir())) == 1


def test_a_new_deployment_that_fails_leaves_the_old_one(state: Path, deploy: Deploy, marker: str) -> None:
    deploy(f"w1 {marker}")
    old = only(state)
    execution = deploy("fails x")
    assert execution.status == "Failed"
    assert reason(execution) == "AlgorithmError: the model cannot be loaded: RuntimeError: these are no weights, exit code: 1"
    log = (state / "runs" / execution.id / "steps" / "E" / "log.txt").read_text()
    assert "RuntimeError: these are no weights" in log
    assert only(state) == old
    assert ask(old.url, "1").startswith("w1|")
    assert len(list((state / "endpoints" / "ep").iterdir())) == 1


def test_a_server_that_never_answers(state: Path, deploy: Deploy, marker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "START_SECONDS", 1.0)
    execution = deploy(f"w1 {marker} slow 300")
    assert reason(execution) == "AlgorithmError: the server did not answer GET /ping within 1 seconds"
    assert eventually(lambda: not alive_with(marker), 5)
    assert endpoints.list(state) == []


def test_a_tool_that_is_killed_while_it_deploys_leaves_nothing(state: Path, marker: str) -> None:
    put_model(state, f"w1 {marker} slow 300")
    words = [sys.executable, "-c", TOOL, str(ROOT), str(state), json.dumps(steps())]
    tool = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: len(alive_with(marker)) == 1)
    finally:
        tool.kill()
        tool.wait(10)
    assert eventually(lambda: not alive_with(marker))
    assert eventually(lambda: not alive_with(str(state)))
    assert endpoints.list(state) == []


def test_a_keeper_that_is_killed_takes_everything_with_it(state: Path, deploy: Deploy, marker: str) -> None:
    deploy(f"w1 {marker}")
    found = only(state)
    os.kill(found.process["pid"], signal.SIGKILL)
    assert eventually(lambda: not alive_with(marker) and not alive_with(found.folder))
    assert only(state).status == "OutOfService"
    assert endpoints.stop_all(state) == ["ep"]
    assert endpoints.list(state) == []


def test_a_process_that_got_the_number_of_an_endpoint_is_let_alone(state: Path, deploy: Deploy, marker: str) -> None:
    deploy(f"w1 {marker}")
    found = only(state)
    other = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])
    try:
        reused = replace(found, process={**identity(other.pid), "start": found.process["start"]})
        for path in (state / "endpoints" / "ep.json", Path(found.folder) / "endpoint.json"):
            path.write_text(json.dumps(reused.__dict__))
        assert only(state).status == "OutOfService"
        endpoints.stop(state)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait(10)
        os.kill(found.process["pid"], signal.SIGTERM)
    assert eventually(lambda: not alive_with(marker))


def test_several_endpoints(state: Path, deploy: Deploy, marker: str) -> None:
    deploy(f"w1 {marker}", name="one")
    deploy(f"w2 {marker}", name="two")
    assert [(each.name, ask(each.url, "")[:2]) for each in endpoints.list(state)] == [("one", "w1"), ("two", "w2")]
    assert endpoints.stop(state, "one") == ["one"]
    assert ask(only(state).url, "").startswith("w2")
    assert endpoints.stop_all(state) == ["two"]
    assert not alive_with(marker)


def test_two_runs_deploy_the_same_endpoint_at_once(state: Path, deploy: Deploy, marker: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(deploy, f"w1 {marker}") for _ in range(2)]
        assert [each.result().status for each in both] == ["Succeeded", "Succeeded"]
    assert ask(only(state).url, "1") == "w1|1|text/csv"
    assert len(alive_with(marker)) == 1
    assert [str(path) for path in (state / "endpoints" / "ep").iterdir()] == [only(state).folder]


def test_of_several_variants_the_one_with_the_largest_weight_is_served(state: Path, deploy: Deploy, marker: str) -> None:
    some = {"InitialInstanceCount": 1, "InitialVariantWeight": 0.1}
    variants = [{"VariantName": "A", "ModelName": "other", **some}, {"VariantName": "B", "ModelName": get("Steps.M.ModelName")}]
    execution = deploy(f"w1 {marker}", variants=variants)
    assert execution.status == "Succeeded", execution.steps
    told = described(state, execution)["ProductionVariants"]
    assert [(each["VariantName"], each["CurrentInstanceCount"]) for each in told] == [("A", 0), ("B", 1)]
    log = (state / "runs" / execution.id / "steps" / "E" / "log.txt").read_text()
    assert "of its variants only B is served" in log
    assert "smp local stop ep" in log


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        (
            {"VariantName": "A"},
            "its variant names no model but leaves that to inference components, which a local run only records",
        ),
        ({"VariantName": "A", "ModelName": "m"}, "no step of this pipeline made the model m"),
    ],
)
def test_a_variant_without_a_model_of_the_pipeline_is_recorded(
    state: Path, deploy: Deploy, variant: dict[str, Any], why: str
) -> None:
    execution = deploy("w1 x", variants=[variant])
    assert execution.status == "Succeeded"
    assert execution.steps[-1]["Simulated"] == f"{why}, so that no server was started"
    assert described(state, execution)["ProductionVariants"][0]["CurrentInstanceCount"] == 0
    assert endpoints.list(state) == []


def test_a_server_that_stands_for_the_image(state: Path, deploy: Deploy, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    settings = LocalSettings(images=(("ima*", StandIn(serve=("python", str(tmp_path / "server.py")))),))
    execution = deploy("w1 x", settings)
    assert execution.status == "Succeeded", execution.steps
    assert only(state).url.endswith("/invocations")
    assert ask(only(state).url, "7") == "own server: 7"


def test_an_endpoint_of_the_plain_runner(state: Path, deploy: Deploy, marker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.local.backend.choose_runner", lambda folder, *_: choose_runner(folder, "plain"))
    execution = deploy(f"w1 {marker}")
    assert execution.status == "Succeeded", execution.steps
    assert ask(only(state).url, "1") == "w1|1|text/csv"
    endpoints.stop(state, "ep")
    assert eventually(lambda: not alive_with(marker) and not alive_with(str(state)), 5)


def test_an_endpoint_of_a_container(state: Path, deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an engine that only looks like one: it takes docker's words, and serves on the port that it is told."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(f"#!{sys.executable}\n{ENGINE}")
    (tmp_path / "bin" / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    monkeypatch.setattr("framework.local.backend.choose_runner", lambda folder, *_: choose_runner(folder, "docker"))
    execution = deploy("w1 x")
    assert execution.status == "Succeeded", execution.steps
    assert ask(only(state).url, "8") == "image serve at unix:///nowhere: 8"
    endpoints.stop(state, "ep")
    assert eventually(lambda: not alive_with(str(tmp_path / "bin")), 5)


def test_a_configuration_that_no_step_made_is_recorded(state: Path) -> None:
    given = [{"Name": "E", "Type": "Endpoint", "Arguments": {"EndpointName": "ep", "EndpointConfigName": "mine"}}]
    backend, compiled = LocalBackend(state), CompiledPipeline("p", {"Version": "2020-12-01", "Steps": given})
    execution = backend.run(compiled, {})
    why = "no step of this pipeline made the endpoint configuration mine, so that no server was started"
    assert (execution.status, execution.steps[0]["Simulated"]) == ("Succeeded", why)
    assert described(state, execution)["EndpointArn"] == "arn:aws:sagemaker:local:000000000000:endpoint/ep"
    assert "which --strict-local refuses" in reason(backend.run(compiled, {}, strict=True))


def test_a_name_that_is_none(state: Path, deploy: Deploy) -> None:
    assert "ClientError: '-x' is not a name of an endpoint" in reason(deploy("w1 x", name="-x"))


def test_an_ordinary_user(marker: str) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv") or not SYSTEM_PYTHON.exists():
        pytest.skip("needs root, setpriv and a system Python")
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    end = "import sys; sys.path.insert(0, sys.argv[1])\nfrom pathlib import Path; from framework.local import endpoints\n"
    with tempfile.TemporaryDirectory() as name:
        state = Path(name) / "state"
        put_model(state, f"w1 {marker}")
        subprocess.run(["chown", "-R", "65534:65534", name], check=True)
        words = [*user, str(SYSTEM_PYTHON), "-c", TOOL, str(ROOT), str(state), json.dumps(steps())]
        shown = subprocess.run(
            words, capture_output=True, text=True, timeout=60, check=False, cwd="/", env={"PATH": "/usr/bin:/bin"}
        )
        if shown.returncode and "Permission denied" in shown.stderr:
            pytest.skip(shown.stderr)
        assert shown.stdout == "Succeeded [None, None, None]\n", shown.stderr
        assert ask(only(state).url, "1") == "w1|1|text/csv"
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in alive_with(marker)} == {65534}
        words = [*user, str(SYSTEM_PYTHON), "-c", f"{end}print(endpoints.stop_all(Path(sys.argv[2])))", str(ROOT), str(state)]
        stopped = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd="/")
        assert stopped.stdout == "['ep']\n", stopped.stderr
        assert not alive_with(marker)
