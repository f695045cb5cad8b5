// Flyte's own TypeScript messages and Connect's Node client against the service at SERVICE_URL.
import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CacheService } from "@flyteorg/flyteidl2/flyteidl2/cacheservice/v2/cacheservice_pb";

async function fails(code: Code, call: Promise<unknown>) {
  await assert.rejects(call, (error) => {
    assert(error instanceof ConnectError, String(error));
    assert.equal(Code[error.code], Code[code], error.message);
    return true;
  });
}

async function scenario(name: string, useBinaryFormat: boolean) {
  const transport = createConnectTransport({
    baseUrl: process.env.SERVICE_URL!, httpVersion: "1.1", useBinaryFormat,
  });
  const client = createClient(CacheService, transport);
  const identifier = { org: "o", project: "p", domain: "d" };
  const key = `node-${name}`;
  const get = () => client.get({ baseRequest: { key }, identifier });
  const put = (outputUri: string, overwrite = false) =>
    client.put({
      baseRequest: {
        key,
        output: {
          output: { case: "outputUri", value: outputUri },
          metadata: { sourceIdentifier: { project: "p", domain: "d", name: "t", version: "v" } },
        },
        overwrite: { overwrite },
      },
      identifier,
    });
  const reserve = async (ownerId: string) =>
    (await client.getOrExtendReservation({
      baseRequest: { key, ownerId, heartbeatInterval: { seconds: 0n, nanos: 250_000_000 } },
      identifier,
    })).reservation!;
  const release = (ownerId: string) =>
    client.releaseReservation({ baseRequest: { key, ownerId }, identifier });

  await fails(Code.NotFound, get());
  await put("s3://bucket/ü/outputs.pb");
  const found = (await get()).output!;
  assert.equal(found.output.value, "s3://bucket/ü/outputs.pb");
  assert.equal(found.metadata?.sourceIdentifier?.name, "t");
  assert(found.metadata?.createdAt && found.metadata.lastUpdatedAt);
  await fails(Code.AlreadyExists, put("s3://bucket/other"));
  await put("s3://bucket/other", true);
  const again = (await get()).output!;
  assert.equal(again.output.value, "s3://bucket/other");
  assert.deepEqual(again.metadata?.createdAt, found.metadata.createdAt);

  const mine = await reserve("me");
  assert.deepEqual([mine.ownerId, mine.key, mine.heartbeatInterval?.nanos], ["me", key, 250_000_000]);
  await release("you");
  assert.equal((await reserve("you")).ownerId, "me");
  await release("me");
  assert.equal((await reserve("you")).ownerId, "you");
  await fails(Code.InvalidArgument, reserve(""));

  await client.delete({ baseRequest: { key }, identifier });
  await fails(Code.NotFound, get());
  await Promise.all(Array.from({ length: 50 }, () => fails(Code.NotFound, get())));
  console.log(`node, ${name}: ok`);
}

await scenario("binary", true);
await scenario("json", false);
