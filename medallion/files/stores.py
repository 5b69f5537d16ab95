"""The stores themselves: how one is reached, and what its refusals mean in a user's words."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from medallion.errors import StoreError, UsageError

if TYPE_CHECKING:
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Store
    from pyarrow.fs import FileSystem

__all__ = ["arrow_store", "delta_options", "obstore", "polars_options", "store_of", "told"]

_TRIES = 10
_FIRST_TRIES = 4
"""Tries at a store that has not answered yet: who mistyped an address is to know soon."""
_PATIENCE = timedelta(seconds=120)
_LOCK = threading.Lock()
_STORES: dict[str, S3Store] = {}


@cache
def obstore() -> ModuleType:
    """The library that speaks to stores. Raises UsageError where it is not installed."""
    try:
        import obstore.auth.boto3
        import obstore.exceptions
        import obstore.store
    except ImportError as error:
        raise UsageError(
            "A lake at s3:// needs obstore: install the extra s3, such as uv sync --extra s3 "
            "or pip install 'medallion[s3]'."
        ) from error
    return obstore


def store_of(bucket: str, key: str) -> S3Store:
    """The store of a bucket, reached for the first time by a look at `key`.

    Raises StoreError where it cannot be reached or refuses.
    """
    with _LOCK:
        if bucket not in _STORES:
            api = obstore()
            try:
                api.list_with_delimiter(_store(bucket, _FIRST_TRIES), prefix=key or None)
            except (api.exceptions.BaseError, FileNotFoundError, PermissionError) as error:
                raise told(error, bucket, key) from error
            _STORES[bucket] = _store(bucket, _TRIES)
        return _STORES[bucket]


def _store(bucket: str, tries: int) -> S3Store:
    store: S3Store = obstore().store.S3Store(
        bucket,
        credential_provider=_profile(),
        retry_config={"max_retries": tries, "retry_timeout": _PATIENCE},
    )
    return store


@cache
def _profile() -> Boto3CredentialProvider | None:
    """Who gives the credentials of a profile (~/.aws); None where the environment holds some."""
    if "AWS_ACCESS_KEY_ID" in os.environ or _is_open():
        return None
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider()
    except (ValueError, BotoCoreError):
        return None


def _keys() -> dict[str, str]:
    """Credentials of a profile as they are now, for libraries that do not ask it themselves."""
    if (profile := _profile()) is None:
        return {}
    now = profile()
    found = {
        "aws_access_key_id": now["access_key_id"],
        "aws_secret_access_key": now["secret_access_key"],
        "aws_session_token": now.get("token"),
        "aws_region": profile.config.get("region"),
    }
    return {name: value for name, value in found.items() if value}


def _is_open() -> bool:
    return os.environ.get("AWS_SKIP_SIGNATURE", "").lower() in ("1", "true")


def delta_options() -> dict[str, str]:
    """What delta-rs is told of a store; the rest it reads in the environment."""
    return {"aws_conditional_put": "etag", **_keys()}


def polars_options() -> dict[str, Any]:
    """The same for polars, which by itself gives up sooner than the others."""
    return {"max_retries": _TRIES, **_keys()}


def arrow_store() -> FileSystem:
    """The same store for Arrow, which has a way of its own to S3."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    end, keys = urlsplit(_endpoint() or ""), _keys()
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return S3FileSystem(
        access_key=keys.get("aws_access_key_id"),
        secret_key=keys.get("aws_secret_access_key"),
        session_token=keys.get("aws_session_token"),
        anonymous=_is_open(),
        region=region or keys.get("aws_region"),
        endpoint_override=end.netloc or None,
        scheme=end.scheme or None,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_TRIES),
    )


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def told(error: Exception, bucket: str, key: str) -> StoreError:
    """The error to raise for what a store, or the way to it, said."""
    text = str(error)
    where = _endpoint() or "Amazon S3"
    refused = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", " 401 ", " 403 ")
    if "NoSuchBucket" in text:
        why = (
            f"{where} has no bucket {bucket!r}. Make it, or check the name (and AWS_ENDPOINT_URL, "
            "where the store is not Amazon's)"
        )
    elif "169.254.169.254" in text:
        # Where there are no credentials, a machine of Amazon's would give some here.
        why = (
            "there are no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE, or AWS_SKIP_SIGNATURE=true for a bucket that is open to all"
        )
    elif isinstance(error, PermissionError) or any(sign in text for sign in refused):
        why = (
            f"{where} refuses these credentials. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
            "AWS_SESSION_TOKEN and AWS_REGION, and what they may do with the bucket"
        )
    elif "builder error" in text and where.startswith("http:"):
        why = f"{where} is plain http, which is used only with AWS_ALLOW_HTTP=true"
    elif "error sending request" in text:
        why = f"{where} cannot be reached. Check the network and AWS_ENDPOINT_URL"
    else:
        first = text.split("\n", maxsplit=1)[0]
        why = f"{where} did not do what was asked with {key or 'it'} ({first}). Try again later"
    return StoreError(f"The store s3://{bucket} cannot be used: {why}.")
