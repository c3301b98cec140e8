"""`smp lock`: ask the SageMaker SDK for the URIs of the images that sections name, and pin them in smp.lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from framework.commands import options
from framework.config.images import LOCK, MISSING, Lock, installed_sdk, lock_text, read_lock
from framework.config.load import load_config
from framework.config.model import ImageRequest
from framework.errors import BackendError
from framework.findings import Finding, FindingsError, has_errors


@click.command("lock")
@options.project_options
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 when the file would change.")
@click.option("--prune", is_flag=True, help="Drop what this configuration does not name; another one in this folder may.")
@click.pass_context
def command(ctx: click.Context, check: bool, prune: bool) -> None:
    """Pin the images that the configuration names (image: {framework: …}) in smp.lock, as the SageMaker SDK knows them."""
    config = load_config(options.sources(ctx), options.variables())
    others = [finding for finding in config.findings if finding.rule != MISSING]  # which is what this command is for
    if has_errors(others):
        raise FindingsError(others)
    kept = read_lock(config.root)
    found = _resolved(config.images) if config.images else {}
    version = installed_sdk() if config.images else kept.sdk
    lock = Lock({**({} if prune else kept.images), **found}, version)
    for key, uri in found.items():
        click.echo(f"{'unchanged' if kept.images.get(key) == uri else 'pinned'}  {key}  {uri}")
    changed = lock_text(lock) != lock_text(kept)
    if check:
        ctx.exit(options.DIFFERENT if changed else 0)
    if changed:
        options.write_text(config.root / LOCK, lock_text(lock))
    click.echo(f"{len(found)} images, {LOCK} {'written' if changed else 'unchanged'}", err=True)


def _resolved(requests: tuple[ImageRequest, ...]) -> dict[str, str]:
    """The URIs of the images.

    Raises:
        FindingsError: the SDK knows some of them not.
        BackendError: there is no SDK.
    """
    try:
        from sagemaker.core import image_uris  # type: ignore[import-untyped]  # takes seconds: only this command asks it
    except ImportError as error:
        raise BackendError("Asking the SageMaker SDK for images", str(error), "pip install -e '.[sdk]'") from None
    answers = {request.key: _answer(request, image_uris.retrieve) for request in requests}
    findings = [answer for answer in answers.values() if isinstance(answer, Finding)]
    if findings:
        raise FindingsError(findings)
    return {key: str(answer) for key, answer in answers.items()}


def _answer(request: ImageRequest, ask: Callable[..., str]) -> str | Finding:
    """The image's URI, or what the SDK has against the request."""
    try:
        return ask(**_question(request))
    except (ValueError, KeyError, TypeError, OSError) as error:
        reason = f"there is no framework {dict(request.words)['framework']}" if isinstance(error, OSError) else str(error)
        message = f"the SageMaker SDK knows no image {request.key}: {reason.rstrip('.')}"
        return Finding(MISSING, request.place, message, "check framework, version, py_version and scope")


def _question(request: ImageRequest) -> dict[str, Any]:
    words = dict(request.words)
    scope = words.pop("scope", None)
    return {**words, "region": request.region, "image_scope": scope, "instance_type": request.instance_type or None}
