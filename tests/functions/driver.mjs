// Plays Lambda's part in a process of its own: loads the bundle that its first argument names, and calls the handler.
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(process.argv[2]).href);

process.on("message", async (request) => {
  // Nothing is left to do then, so the process ends of itself.
  if (request === "stop") process.disconnect();
  else process.send(await handler(request, { awsRequestId: "8476a536-e9f4-11e8-9739-2dfe598c3fcd" }));
});
process.send("ready");
