import { expect, onTestFinished, test } from "vitest";
import { addEngineService } from "../../../local/engine/adapters/engine-service.ts";
import { serve } from "../../../local/engine/adapters/grpc.ts";
import { knockAs, mayBeAnother, nobody } from "../../support/peers.ts";

async function serveEngine(): Promise<number> {
  const server = await serve((grpcServer) => addEngineService(grpcServer, () => () => undefined));
  onTestFinished(() => server.close());
  return Number(new URL(`http://${server.address}`).port);
}

test("the engine answers this user's processes", async () => {
  expect(await knockAs(undefined, await serveEngine())).toBe("answered");
});

test.runIf(mayBeAnother)("the engine does not answer another user's (runs as root on Linux)", async () => {
  expect(await knockAs(nobody, await serveEngine())).toBe("refused");
});
