import type { messagingApi } from "@line/bot-sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";

const menu: messagingApi.RichMenuRequest = {
  size: { width: 2500, height: 1686 },
  selected: false,
  name: "Menu",
  chatBarText: "Tap",
  areas: [{ bounds: { x: 0, y: 0, width: 2500, height: 1686 }, action: { type: "postback", data: "buy" } }],
};
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(() => platform.line.reset());

/** The first bytes of a PNG, which tell its size. */
function png(width: number, height: number): Blob {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32BE(0x89504e47, 0);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return new Blob([bytes], { type: "image/png" });
}

async function createMenu(): Promise<string> {
  const { richMenuId } = await platform.client.createRichMenu(menu);
  await platform.client.setRichMenuImage(richMenuId, png(2500, 1686));
  return richMenuId;
}

const missing = `richmenu-${"0".repeat(32)}`;

describe("a rich menu", () => {
  it("is created, listed, read and deleted", async () => {
    const richMenuId = await createMenu();

    expect(await platform.client.getRichMenu(richMenuId)).toEqual({ richMenuId, ...menu });
    expect((await platform.client.getRichMenuList()).richmenus).toHaveLength(1);
    await platform.client.deleteRichMenu(richMenuId);
    await expect(platform.client.getRichMenu(richMenuId)).rejects.toMatchObject({ status: 404 });
  });

  it("is refused without what it needs", async () => {
    const { name: _, ...nameless } = menu;

    expect(await platform.call("POST", "/v2/bot/richmenu/validate", nameless)).toMatchObject({
      status: 400,
      body: { details: [{ message: "must be specified", property: "name" }] },
    });
    expect(await platform.call("POST", "/v2/bot/richmenu", { ...menu, name: "x".repeat(301) })).toMatchObject({
      body: { details: [{ message: "Length must be between 0 and 300", property: "name" }] },
    });
    await expect(platform.client.validateRichMenuObject(menu)).resolves.toEqual({});
  });

  it("takes one image, of the right kind and size, and gives it back", async () => {
    const { richMenuId } = await platform.client.createRichMenu(menu);
    const upload = (image: Blob) => platform.client.setRichMenuImage(richMenuId, image);

    await expect(platform.client.getRichMenuImage(richMenuId)).rejects.toMatchObject({ status: 404 });
    await expect(upload(png(700, 400))).rejects.toMatchObject({ status: 400 });
    await expect(upload(new Blob(["gif"], { type: "image/gif" }))).rejects.toMatchObject({ status: 415 });
    await upload(png(800, 250));
    await expect(upload(png(800, 250))).rejects.toMatchObject({ status: 400 });
    const [first] = await (await platform.client.getRichMenuImage(richMenuId)).take(1).toArray();
    expect((first as Buffer).byteLength).toBe(24);
  });
});

describe("the default menu", () => {
  it("is set with an image only, read and cancelled", async () => {
    const { richMenuId: bare } = await platform.client.createRichMenu(menu);
    const richMenuId = await createMenu();
    const read = () => platform.client.getDefaultRichMenuId();

    await expect(read()).rejects.toMatchObject({ status: 404, body: '{"message":"no default richmenu"}' });
    await expect(platform.client.setDefaultRichMenu(bare)).rejects.toMatchObject({ status: 400 });
    await platform.client.setDefaultRichMenu(richMenuId);
    expect(await read()).toEqual({ richMenuId });
    await platform.client.cancelDefaultRichMenu();
    await expect(read()).rejects.toMatchObject({ status: 404 });
  });
});

describe("menus of single people", () => {
  const read = (userId: string) =>
    platform.client.getRichMenuIdOfUser(userId).then(
      ({ richMenuId }) => richMenuId,
      () => undefined,
    );

  it("are linked and unlinked, one by one and together", async () => {
    const richMenuId = await createMenu();

    await platform.client.linkRichMenuIdToUser(userIds.mei, richMenuId);
    await platform.client.linkRichMenuIdToUsers({ richMenuId, userIds: [userIds.yuki, userIds.emma] });
    const linked = await Promise.all(Object.values(userIds).map(read));
    await platform.client.unlinkRichMenuIdFromUser(userIds.mei);
    await platform.client.unlinkRichMenuIdFromUsers({ userIds: [userIds.yuki] });
    const left = await Promise.all(Object.values(userIds).map(read));

    expect(linked).toEqual([richMenuId, richMenuId, undefined, richMenuId]);
    expect(left).toEqual([undefined, undefined, undefined, richMenuId]);
  });

  it("are nobody's any more when they are deleted", async () => {
    const richMenuId = await createMenu();
    await platform.client.linkRichMenuIdToUser(userIds.mei, richMenuId);
    await platform.client.setDefaultRichMenu(richMenuId);

    await platform.client.deleteRichMenu(richMenuId);

    expect(await read(userIds.mei)).toBeUndefined();
    await expect(platform.client.getDefaultRichMenuId()).rejects.toMatchObject({ status: 404 });
  });

  it("are not linked to those who block the bot, and that is no error", async () => {
    const richMenuId = await createMenu();
    await platform.line.console.block({ channelId, userId: userIds.mei });

    await platform.client.linkRichMenuIdToUser(userIds.mei, richMenuId);

    expect(await read(userIds.mei)).toBeUndefined();
  });

  it("are refused for malformed ids and missing menus", async () => {
    const bulk = (body: object) => platform.call("POST", "/v2/bot/richmenu/bulk/link", body);

    expect(await platform.call("POST", `/v2/bot/user/nobody/richmenu/${missing}`)).toMatchObject({
      status: 400,
      body: { message: "The value for the 'userId' parameter is invalid" },
    });
    expect(await bulk({ richMenuId: missing, userIds: ["nobody"] })).toMatchObject({
      status: 400,
      body: { message: "The property, 'userIds[0]', in the request body is invalid (line: -, column: -)" },
    });
    expect(await bulk({ richMenuId: "menu", userIds: [userIds.mei] })).toMatchObject({
      body: { details: [{ message: "invalid richMenuId", property: "richMenuId" }] },
    });
    expect(await bulk({ richMenuId: missing, userIds: [userIds.mei] })).toMatchObject({
      status: 404,
      body: { message: "richmenu not found" },
    });
  });

  it("are replaced in a batch whose operations do not see each other", async () => {
    const [a, b, c] = [await createMenu(), await createMenu(), await createMenu()];
    await platform.client.linkRichMenuIdToUser(userIds.mei, a);
    await platform.client.linkRichMenuIdToUser(userIds.yuki, b);
    await platform.client.linkRichMenuIdToUser(userIds.emma, c);
    await platform.line.console.setBehaviour({ richMenuBatchMs: 1000 });
    const operations = [
      { type: "link", from: a, to: b },
      { type: "link", from: b, to: c },
      { type: "unlink", from: c },
    ];

    const sent = await platform.call("POST", "/v2/bot/richmenu/batch", { operations });
    const requestId = sent.headers.get("x-line-request-id") ?? "";
    const before = await platform.client.getRichMenuBatchProgress(requestId);
    platform.clock.advance(1000);

    expect(before.phase).toBe("ongoing");
    expect((await platform.client.getRichMenuBatchProgress(requestId)).phase).toBe("succeeded");
    expect(await Promise.all([userIds.mei, userIds.yuki, userIds.emma].map(read))).toEqual([b, c, undefined]);
  });

  it("refuses a batch that contradicts itself", async () => {
    const richMenuId = await createMenu();
    const validate = async (operations: object[]) =>
      JSON.stringify((await platform.call("POST", "/v2/bot/richmenu/validate/batch", { operations })).body);

    expect(await validate([{ type: "unlinkAll" }, { type: "unlink", from: richMenuId }])).toContain(
      "can't be combined",
    );
    expect(
      await validate([
        { type: "unlink", from: richMenuId },
        { type: "unlink", from: richMenuId },
      ]),
    ).toContain("is duplicated");
    expect(await validate([{ type: "unlink", from: "menu" }])).toContain("invalid richMenuId");
    expect(await validate([{ type: "link", from: richMenuId, to: missing }])).toContain("is not found");
    expect(await validate([{ type: "unlinkAll" }])).toBe("{}");
  });
});

describe("an alias", () => {
  it("is created, moved, listed and deleted", async () => {
    const [first, second] = [await createMenu(), await createMenu()];
    const richMenuAliasId = "tab-a";

    await platform.client.createRichMenuAlias({ richMenuAliasId, richMenuId: first });
    await expect(platform.client.createRichMenuAlias({ richMenuAliasId, richMenuId: first })).rejects.toMatchObject({
      body: '{"message":"conflict richmenu alias id"}',
    });
    await platform.client.updateRichMenuAlias(richMenuAliasId, { richMenuId: second });
    expect(await platform.client.getRichMenuAlias(richMenuAliasId)).toEqual({ richMenuAliasId, richMenuId: second });
    expect((await platform.client.getRichMenuAliasList()).aliases).toHaveLength(1);
    await platform.client.deleteRichMenuAlias(richMenuAliasId);
    await expect(platform.client.getRichMenuAlias(richMenuAliasId)).rejects.toMatchObject({ status: 404 });
  });

  it("needs a menu with an image, and an id of the allowed letters", async () => {
    const create = (body: object) => platform.call("POST", "/v2/bot/richmenu/alias", body);

    expect(await create({ richMenuAliasId: "a", richMenuId: missing })).toMatchObject({
      status: 400,
      body: { message: "richmenu not found" },
    });
    expect((await create({ richMenuAliasId: "Tab A", richMenuId: missing })).status).toBe(400);
  });

  it("switches a person's menu, and tells what came of it", async () => {
    const [first, second] = [await createMenu(), await createMenu()];
    await platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
    await platform.client.createRichMenuAlias({ richMenuAliasId: "a", richMenuId: first });
    await platform.client.createRichMenuAlias({ richMenuAliasId: "b", richMenuId: second });
    await platform.client.deleteRichMenu(second);
    const switchTo = (richMenuAliasId: string) =>
      platform.line.console.switchRichMenu({ channelId, userId: userIds.mei, data: "tab", richMenuAliasId });
    platform.bot.received.length = 0;

    for (const alias of ["a", "b", "c"]) await switchTo(alias);

    const told = platform.bot.received.map(
      ({ body }) => (body.events[0] as { postback: { params: object } }).postback.params,
    );
    expect(told).toEqual([
      { newRichMenuAliasId: "a", status: "SUCCESS" },
      { newRichMenuAliasId: "b", status: "RICHMENU_NOTFOUND" },
      { newRichMenuAliasId: "c", status: "RICHMENU_ALIAS_ID_NOTFOUND" },
    ]);
    expect(await platform.client.getRichMenuIdOfUser(userIds.mei)).toEqual({ richMenuId: first });
  });
});
