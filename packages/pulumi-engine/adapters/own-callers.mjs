// Ends the connections of other users to what this process listens on: the SDK's own server of dynamic resources runs any
// code that it is sent, and has no setting for that.
import { subscribe } from "node:diagnostics_channel";
import { isOwnPeer } from "@pulumi-line-bot/kit/own-peer";

subscribe("net.server.socket", ({ socket }) => {
  if (!isOwnPeer(socket)) socket.destroy();
});
