import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { devChannel } from "../seed.ts";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(async () => {
  await platform.line.reset();
  await platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
  platform.bot.received.length = 0;
});

const mei = { channelId, userId: userIds.mei };
/** The events that came, in order. */
const events = () => platform.bot.received.flatMap(({ body }) => body.events as unknown as Record<string, unknown>[]);

async function createGroup(kind: "group" | "room" = "group"): Promise<string> {
  const members = [userIds.mei, userIds.yuki];
  const { groupId } = await platform.line.console.createGroup({ channelId, userIds: members, name: "Trip", kind });
  await platform.line.console.inviteBot({ channelId, groupId });
  return groupId;
}

describe("friends", () => {
  it("block and unblock the bot", async () => {
    await platform.line.console.block(mei);
    const blocked = await platform.call("GET", `/v2/bot/profile/${userIds.mei}`);
    const write = platform.line.console.sendText({ ...mei, text: "hi" });
    await expect(write).rejects.toThrow("has blocked Dev bot");
    await platform.line.console.follow(mei);

    expect(events()).toMatchObject([{ type: "unfollow" }, { type: "follow", follow: { isUnblocked: true } }]);
    expect(events()[0]).not.toHaveProperty("replyToken");
    expect(blocked).toMatchObject({ status: 404, body: { message: "Not found" } });
    expect(await platform.client.getProfile(userIds.mei)).toMatchObject({ displayName: "林美玲", language: "zh-Hant" });
  });

  it("are listed to verified accounts only", async () => {
    await expect(platform.client.getFollowers()).rejects.toMatchObject({ status: 403 });
    await platform.line.console.setSettings({ channelId, verified: true });

    const first = await platform.client.getFollowers(undefined, 3);
    const second = await platform.client.getFollowers(first.next, 3);

    expect([...first.userIds, ...second.userIds]).toEqual(Object.values(userIds));
    expect(second.next).toBeUndefined();
    await expect(platform.client.getFollowers("made up")).rejects.toMatchObject({ status: 400 });
  });

  it("are greeted and answered by the console too, where that is switched on", async () => {
    await platform.line.console.setSettings({ channelId, greeting: true, autoReply: true });
    await platform.line.console.block(mei);

    await platform.line.console.follow(mei);
    await platform.line.console.sendText({ ...mei, text: "hi" });

    const said = await platform.line.console.messages({ channelId, chatId: userIds.mei });
    expect(said.map(({ by }) => by)).toEqual(["greeting", undefined, "auto-reply"]);
  });

  it("find the bot by its link", async () => {
    const { url, qrCode } = await platform.line.console.friendLink({ channelId });

    expect(url).toBe(`https://line.me/R/ti/p/%40${devChannel.basicId.slice(1)}`);
    expect(qrCode).toMatch(/^<svg/);
  });
});

describe("groups", () => {
  it("tell of the bot's coming and going, and of members", async () => {
    const groupId = await createGroup();
    await platform.line.console.joinMembers({ channelId, groupId, userIds: [userIds.emma] });
    await platform.line.console.leaveMembers({ channelId, groupId, userIds: [userIds.yuki] });
    await platform.line.console.removeBot({ channelId, groupId });

    const source = { type: "group", groupId };
    expect(events()).toMatchObject([
      { type: "join", source },
      { type: "memberJoined", source, joined: { members: [{ type: "user", userId: userIds.emma }] } },
      { type: "memberLeft", source, left: { members: [{ type: "user", userId: userIds.yuki }] } },
      { type: "leave", source },
    ]);
  });

  it("let the bot read members and answer there", async () => {
    const groupId = await createGroup();

    expect(await platform.client.getGroupSummary(groupId)).toEqual({ groupId, groupName: "Trip" });
    expect(await platform.client.getGroupMemberCount(groupId)).toEqual({ count: 2 });
    expect(await platform.client.getGroupMemberProfile(groupId, userIds.yuki)).toMatchObject({
      displayName: "佐藤ゆき",
    });
    await expect(platform.client.getGroupMemberProfile(groupId, userIds.emma)).rejects.toMatchObject({ status: 404 });
    await expect(platform.client.getGroupMembersIds(groupId)).rejects.toMatchObject({ status: 403 });
    await platform.client.pushMessage({ to: groupId, messages: [{ type: "text", text: "all" }] });
    expect(await platform.client.getMessageQuotaConsumption()).toEqual({ totalUsage: 2 });
  });

  it("are left by the bot's own call", async () => {
    const groupId = await createGroup();

    await platform.client.leaveGroup(groupId);
    await platform.line.idle();

    expect(events().at(-1)).toMatchObject({ type: "leave" });
    expect(await platform.call("GET", `/v2/bot/group/${groupId}/summary`)).toMatchObject({ status: 404 });
    expect(await platform.call("GET", "/v2/bot/group/nowhere/summary")).toMatchObject({
      status: 400,
      body: { message: "The value for the 'groupId' parameter is invalid" },
    });
  });

  it("hide who wrote when that person did not consent", async () => {
    const groupId = await createGroup();
    await platform.line.console.setConsent({ ...mei, consent: false });

    await platform.line.console.sendText({ ...mei, groupId, text: "hi" });

    expect(events()[1]!["source"]).toEqual({ type: "group", groupId });
    await expect(platform.client.getGroupMemberProfile(groupId, userIds.mei)).rejects.toMatchObject({ status: 404 });
  });

  it("take in no bot that may not join, and no second one", async () => {
    await platform.line.console.setSettings({ channelId, allowGroups: false });
    const { groupId } = await platform.line.console.createGroup({ channelId, userIds: [userIds.mei] });
    const invite = () => platform.line.console.inviteBot({ channelId, groupId });

    await expect(invite()).rejects.toThrow("may not join group chats");
    await platform.line.console.setSettings({ channelId, allowGroups: true });
    await invite();
    await expect(invite()).rejects.toThrow("has an official account already");
  });

  it("of the older kind tell of the joining with the first event after it", async () => {
    const roomId = await createGroup("room");
    expect(events()).toEqual([]);

    await platform.line.console.sendText({ ...mei, groupId: roomId, text: "hi" });

    expect(events()).toMatchObject([
      { type: "join", source: { type: "room", roomId } },
      { type: "message", source: { type: "room", roomId, userId: userIds.mei } },
    ]);
    expect(await platform.client.getRoomMemberCount(roomId)).toEqual({ count: 2 });
    expect(await platform.client.getRoomMemberProfile(roomId, userIds.mei)).toMatchObject({ userId: userIds.mei });
    await platform.client.leaveRoom(roomId);
    await expect(platform.client.leaveRoom(roomId)).resolves.toEqual({});
  });
});
