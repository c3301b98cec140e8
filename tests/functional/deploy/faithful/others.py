"""What else the tool asks: S3's objects, CloudWatch's log events, and who is calling."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.functional.deploy.faithful.refusal import Refusal, page

Request = dict[str, Any]


@dataclass(frozen=True)
class Object:
    content: bytes
    modified: datetime
    about: Request = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"'


class S3:
    """Buckets and their objects.

    Attributes:
        buckets: by name, each a mapping of keys to objects.
        owners: the account of a bucket that belongs to another.
        regions: the region of a bucket; of one that is not there, any.
        told: whom a bucket tells of its objects; of one that is not there, nobody.
    """

    KEPT = ("ServerSideEncryption", "SSEKMSKeyId", "ContentType", "Metadata")

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.buckets: dict[str, dict[str, Object]] = {}
        self.owners: dict[str, str] = {}
        self.regions: dict[str, str] = {}
        self.told: dict[str, Request] = {}

    def put(self, bucket: str, key: str, content: bytes) -> None:
        self.buckets.setdefault(bucket, {})[key] = Object(content, self.now())

    def read(self, bucket: str, key: str) -> bytes:
        return self._object(bucket, key).content

    def _bucket(self, name: str, region: str = "") -> dict[str, Object]:
        if name not in self.buckets:
            raise Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
        home = self.regions.get(name, region)
        if region and home != region:
            message = "The bucket you are attempting to access must be addressed using the specified endpoint."
            raise Refusal("PermanentRedirect", message, 301, {"x-amz-bucket-region": home})
        if name in self.owners:
            raise Refusal("AccessDenied", "Access Denied", 403)
        return self.buckets[name]

    def _object(self, bucket: str, key: str, region: str = "") -> Object:
        objects = self._bucket(bucket, region)
        if key not in objects:
            raise Refusal("NoSuchKey", "The specified key does not exist.", 404)
        return objects[key]

    def CreateBucket(self, request: Request, region: str) -> Request:
        if request["Bucket"] in self.buckets:
            raise Refusal("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded.", 409)
        self.buckets[request["Bucket"]] = {}
        return {"Location": f"/{request['Bucket']}"}

    def HeadBucket(self, request: Request, region: str) -> Request:
        self._bucket(request["Bucket"], region)
        return {"BucketRegion": self.regions.get(request["Bucket"], region)}

    def PutObject(self, request: Request, region: str) -> Request:
        objects = self._bucket(request["Bucket"], region)
        if request.get("IfNoneMatch") == "*" and request["Key"] in objects:
            raise Refusal("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        about = {key: request[key] for key in self.KEPT if key in request}
        put = objects[request["Key"]] = Object(request.get("Body", b""), self.now(), about)
        return {"ETag": put.etag, **{key: about[key] for key in self.KEPT[:2] if key in about}}

    def HeadObject(self, request: Request, region: str) -> Request:
        found = self._object(request["Bucket"], request["Key"], region)
        return {"ContentLength": len(found.content), "ETag": found.etag, "LastModified": found.modified, **found.about}

    def GetObject(self, request: Request, region: str) -> Request:
        found = self._object(request["Bucket"], request["Key"], region)
        return {**self.HeadObject(request, region), "Body": found.content}

    def GetBucketNotificationConfiguration(self, request: Request, region: str) -> Request:
        self._bucket(request["Bucket"], region)
        return self.told.get(request["Bucket"], {})

    def PutBucketNotificationConfiguration(self, request: Request, region: str) -> Request:
        self._bucket(request["Bucket"], region)
        self.told[request["Bucket"]] = request["NotificationConfiguration"]
        return {}

    def DeleteObject(self, request: Request, region: str) -> Request:
        self._bucket(request["Bucket"], region).pop(request["Key"], None)
        return {}

    def ListObjectsV2(self, request: Request, region: str) -> Request:
        objects, prefix = self._bucket(request["Bucket"], region), request.get("Prefix", "")
        keys = sorted(key for key in objects if key.startswith(prefix))
        start = int(request.get("ContinuationToken", "0"))
        end = start + int(request.get("MaxKeys", 1000))
        told = [
            {"Key": key, "Size": len(objects[key].content), "ETag": objects[key].etag, "LastModified": objects[key].modified}
            for key in keys[start:end]
        ]
        more = {"NextContinuationToken": str(end)} if end < len(keys) else {}
        about = {"Name": request["Bucket"], "Prefix": prefix, "KeyCount": len(told), "IsTruncated": bool(more)}
        return {**about, "Contents": told, **more} if told else about


class Logs:
    """Log groups with their streams, each a list of moments in milliseconds and lines."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.groups: dict[str, dict[str, list[tuple[int, str]]]] = defaultdict(dict)
        self.page_size = 10_000

    def put(self, group: str, stream: str, lines: Sequence[str]) -> None:
        moment = int(self.now().timestamp() * 1000)
        events = self.groups[group].setdefault(stream, [])
        events += [(moment + number, line) for number, line in enumerate(lines)]

    def _streams(self, request: Request) -> dict[str, list[tuple[int, str]]]:
        if request["logGroupName"] not in self.groups:
            raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
        return self.groups[request["logGroupName"]]

    def DescribeLogStreams(self, request: Request, region: str) -> Request:
        prefix = request.get("logStreamNamePrefix", "")
        names = sorted(name for name in self._streams(request) if name.startswith(prefix))
        part, more = page(names, {"NextToken": request.get("nextToken", "0")}, min(request.get("limit", 50), self.page_size))
        return {"logStreams": [{"logStreamName": name} for name in part], **_camel(more)}

    def GetLogEvents(self, request: Request, region: str) -> Request:
        events = self._streams(request).get(request["logStreamName"])
        if events is None:
            raise Refusal("ResourceNotFoundException", "The specified log stream does not exist.")
        size = min(request.get("limit", self.page_size), self.page_size)
        token = request.get("nextToken")
        start = 0 if request.get("startFromHead") else max(0, len(events) - size)
        end = start + size
        if token:
            way, _, position = token.partition("/")
            start, end = (int(position), int(position) + size) if way == "f" else (max(0, int(position) - size), int(position))
        told = [{"timestamp": at, "message": line, "ingestionTime": at} for at, line in events[start:end]]
        # The token that comes back the same says that there is no more that way, for now.
        return {
            "events": told,
            "nextForwardToken": f"f/{min(end, len(events))}",
            "nextBackwardToken": f"b/{start}",
        }

    def FilterLogEvents(self, request: Request, region: str) -> Request:
        prefix, names = request.get("logStreamNamePrefix", ""), request.get("logStreamNames")
        chosen = {n: e for n, e in self._streams(request).items() if n.startswith(prefix) and (names is None or n in names)}
        first, last = request.get("startTime", 0), request.get("endTime", 1 << 60)
        events = sorted((at, name, line) for name, lines in chosen.items() for at, line in lines if first <= at < last)
        size = min(request.get("limit", self.page_size), self.page_size)
        part, more = page(events, {"NextToken": request.get("nextToken", "0")}, size)
        told = [
            {"logStreamName": name, "timestamp": at, "message": line, "ingestionTime": at, "eventId": f"{at}-{name}"}
            for at, name, line in part
        ]
        return {"events": told, "searchedLogStreams": [], **_camel(more)}


def _camel(more: dict[str, str]) -> dict[str, str]:
    return {"nextToken": more["NextToken"]} if more else {}


class STS:
    """Who is calling; a test may say so."""

    def __init__(self, account: str) -> None:
        self.identity = {"Account": account, "Arn": f"arn:aws:iam::{account}:user/tester", "UserId": "AIDAEXAMPLEUSER"}

    def GetCallerIdentity(self, request: Request, region: str) -> Request:
        return self.identity
