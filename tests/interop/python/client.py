"""Flyte's own Python messages and generated client against the service at SERVICE_URL."""

import os
from datetime import datetime, timezone

from connectrpc.code import Code
from connectrpc.codec import proto_binary_codec, proto_json_codec
from connectrpc.errors import ConnectError
from flyteidl2.cacheservice import cacheservice_pb2 as base
from flyteidl2.cacheservice.v2 import cacheservice_pb2 as v2
from flyteidl2.cacheservice.v2.cacheservice_connect import CacheServiceClientSync
from flyteidl2.core import identifier_pb2, literals_pb2
from google.protobuf.duration_pb2 import Duration


def fails(code, call, *args):
    try:
        call(*args)
    except ConnectError as error:
        assert error.code == code, f"{error.code}: {error.message}, wanted {code}"
        assert error.message, "an error without words"
        return
    raise AssertionError(f"{code} was due")


def scenario(client, name):
    where = v2.Identifier(org="o", project="p", domain="d")
    key = f"python-{name}"

    def get():
        return client.get(v2.GetCacheRequest(base_request=base.GetCacheRequest(key=key), identifier=where))

    def put(output, **overwrite):
        request = base.PutCacheRequest(key=key, output=output)
        if overwrite:
            request.overwrite.CopyFrom(base.OverwriteOutput(**overwrite))
        return client.put(v2.PutCacheRequest(base_request=request, identifier=where))

    def reserve(owner, seconds):
        request = base.GetOrExtendReservationRequest(
            key=key, owner_id=owner, heartbeat_interval=Duration(seconds=seconds))
        return client.get_or_extend_reservation(
            v2.GetOrExtendReservationRequest(base_request=request, identifier=where)).reservation

    def release(owner):
        client.release_reservation(v2.ReleaseReservationRequest(
            base_request=base.ReleaseReservationRequest(key=key, owner_id=owner), identifier=where))

    def delete():
        client.delete(v2.DeleteCacheRequest(
            base_request=base.DeleteCacheRequest(key=key), identifier=where))

    metadata = base.Metadata(source_identifier=identifier_pb2.Identifier(
        resource_type=identifier_pb2.TASK, project="p", domain="d", name="t", version="v"))
    first = base.CachedOutput(output_uri="s3://bucket/ü/outputs.pb", metadata=metadata)

    fails(Code.NOT_FOUND, get)
    put(first)
    found = get().output
    assert found.output_uri == first.output_uri
    assert found.metadata.source_identifier == metadata.source_identifier
    age = datetime.now(timezone.utc).timestamp() - found.metadata.created_at.seconds
    assert -2 <= age < 60, age
    fails(Code.ALREADY_EXISTS, put, first)

    literals = literals_pb2.LiteralMap()
    literals.literals["x"].scalar.primitive.integer = -(2**63)
    inline = base.CachedOutput(output_literals=literals, metadata=metadata)
    put(inline, overwrite=True)
    again = get().output
    assert again.output_literals == literals
    assert again.metadata.created_at == found.metadata.created_at

    mine = reserve("me", 7)
    assert (mine.owner_id, mine.key, mine.heartbeat_interval.seconds) == ("me", key, 7), mine
    assert reserve("you", 7).owner_id == "me"
    release("you")
    assert reserve("you", 7).owner_id == "me"
    release("me")
    assert reserve("you", 7).owner_id == "you"
    release("you")
    fails(Code.INVALID_ARGUMENT, reserve, "", 7)

    delete()
    fails(Code.NOT_FOUND, get)
    fails(Code.NOT_FOUND, delete)


def main():
    url = os.environ["SERVICE_URL"]
    for name, codec in {"binary": proto_binary_codec(), "json": proto_json_codec()}.items():
        with CacheServiceClientSync(url, codec=codec) as client:
            scenario(client, name)
            print(f"python, {name}: ok")


main()
