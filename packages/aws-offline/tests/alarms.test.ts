import {
  DescribeAlarmsCommand,
  PutMetricDataCommand,
  ResourceNotFound,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { describe, expect, test } from "vitest";
import type { AwsTrace } from "../aws.ts";
import {
  CLOUDWATCH_TYPES,
  createAlarm,
  createCloudWatchClient,
  minute,
  MINUTE_MS,
  newMetric,
  putMinutes,
  readAlarm,
} from "./support/cloudwatch.ts";
import { createAws, createTempFolder, openAws, shareAws, toPolicy, type TestAws } from "./support/local-aws.ts";
import type { Made, Properties } from "./support/provider-client.ts";

const aws = shareAws({ alarmsEveryMs: 0 });
type AlarmTrace = Extract<AwsTrace, { kind: "alarm" }>;

/** Evaluates when this many minutes are over. */
const evaluateAfter = (minutes: number): void => aws.aws.evaluateAlarms(minute(minutes).getTime());
const tracesOf = ({ id }: Made): AlarmTrace[] =>
  aws.traces.filter((trace): trace is AlarmTrace => trace.kind === "alarm" && trace.name === id);

/** The state that minutes with these values put an alarm in. */
async function judge(values: (number | undefined)[], more: Properties): Promise<string | undefined> {
  const metric = newMetric();
  const alarm = await createAlarm(aws, metric, more);
  await putMinutes(aws, metric, values);
  evaluateAfter(values.length);
  return (await readAlarm(aws, alarm)).StateValue;
}

describe("an alarm", () => {
  test("is made without data, and looked at as soon as there is any", async () => {
    const metric = newMetric();
    const alarm = await createAlarm(aws, metric);

    expect(await readAlarm(aws, alarm)).toMatchObject({
      StateValue: "INSUFFICIENT_DATA",
      StateReason: "Unchecked: Initial alarm creation",
    });

    await putMinutes(aws, metric, [3]);
    evaluateAfter(1);

    expect(await readAlarm(aws, alarm)).toMatchObject({ StateValue: "ALARM" });
  });

  test("is looked at without being asked, once its period is over", async () => {
    const watched = await createAws({ alarmsEveryMs: 10 });
    const metric = newMetric();
    const alarm = await createAlarm(watched, metric);
    const Timestamp = new Date(Date.now() - MINUTE_MS);
    const MetricData = [{ MetricName: metric, Timestamp, Value: 1 }];
    await createCloudWatchClient(watched).send(new PutMetricDataCommand({ Namespace: "Test", MetricData }));

    const trace = await watched.waitForTrace((seen) => seen.kind === "alarm" && seen.name === alarm.id);

    expect(trace).toMatchObject({ from: "INSUFFICIENT_DATA", to: "ALARM" });
  });

  test("does not look at a minute before it is over", async () => {
    const metric = newMetric();
    const alarm = await createAlarm(aws, metric);
    await putMinutes(aws, metric, [0, 3]);

    aws.aws.evaluateAlarms(minute(2).getTime() - 1);
    expect((await readAlarm(aws, alarm)).StateValue).toBe("OK");

    evaluateAfter(2);
    expect((await readAlarm(aws, alarm)).StateValue).toBe("ALARM");
  });

  test("tells each change with its reason, and nothing while it stays as it is", async () => {
    const metric = newMetric();
    const alarm = await createAlarm(aws, metric, { treatMissingData: "notBreaching", threshold: 1.5 });
    await putMinutes(aws, metric, [2, 3, 1]);

    for (const minutes of [1, 2, 3, 20, 21]) evaluateAfter(minutes);

    const time = (number: number) =>
      minute(number)
        .toISOString()
        .replace(/^\d\d(\d\d)-(\d\d)-(\d\d)T(.{8}).*$/, "$3/$2/$1 $4");
    expect(tracesOf(alarm)).toMatchObject([
      {
        from: "INSUFFICIENT_DATA",
        to: "ALARM",
        reason: `Threshold Crossed: 1 out of the last 1 datapoints [2.0 (${time(0)})] was greater than the threshold (1.5) (minimum 1 datapoint for OK -> ALARM transition).`,
      },
      {
        from: "ALARM",
        to: "OK",
        reason: `Threshold Crossed: 1 out of the last 1 datapoints [1.0 (${time(2)})] was not greater than the threshold (1.5) (minimum 1 datapoint for ALARM -> OK transition).`,
      },
    ]);
  });

  test("says what it made of missing data", async () => {
    const metric = newMetric();
    const alarm = await createAlarm(aws, metric, { treatMissingData: "notBreaching" });
    const breaching = await createAlarm(aws, metric, { treatMissingData: "breaching", evaluationPeriods: 2 });
    evaluateAfter(1);

    expect((await readAlarm(aws, alarm)).StateReason).toBe(
      "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
    );
    expect((await readAlarm(aws, breaching)).StateReason).toBe(
      "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
    );
  });

  test.each([
    ["GreaterThanThreshold", ["OK", "OK", "ALARM"]],
    ["GreaterThanOrEqualToThreshold", ["OK", "ALARM", "ALARM"]],
    ["LessThanThreshold", ["ALARM", "OK", "OK"]],
    ["LessThanOrEqualToThreshold", ["ALARM", "ALARM", "OK"]],
  ])("compares by %s", async (comparisonOperator, expected) => {
    const judged = [4, 5, 6].map((value) => judge([value], { comparisonOperator, threshold: 5 }));

    expect(await Promise.all(judged)).toEqual(expected);
  });

  test.each([
    ["the datapoints that it asks for", [1, 0, 1], { evaluationPeriods: 3, datapointsToAlarm: 2 }, "ALARM"],
    ["fewer of them", [0, 0, 1], { evaluationPeriods: 3, datapointsToAlarm: 2 }, "OK"],
    ["all of them, by default", [1, 0, 1], { evaluationPeriods: 3 }, "OK"],
    ["a longer period's sum", [1, 1, 1, 1, 1], { period: 300, threshold: 4 }, "ALARM"],
  ])("goes by %s", async (_, values, more, expected) => {
    // Periods begin at multiples of their length, and five minutes have begun before the first one here.
    const shift = "period" in more ? (5 - ((minute(0).getTime() / 60_000) % 5)) % 5 : 0;

    expect(await judge([...Array<undefined>(shift), ...values], more)).toBe(expected);
  });

  test.each([
    ["Average", 2.5],
    ["Minimum", 1],
    ["Maximum", 4],
    ["SampleCount", 2],
    ["Sum", 5],
  ])("computes %s", async (statistic, value) => {
    const metric = newMetric();
    const more = { statistic, comparisonOperator: "GreaterThanOrEqualToThreshold" };
    const [at, above] = [
      await createAlarm(aws, metric, { ...more, threshold: value }),
      await createAlarm(aws, metric, { ...more, threshold: value + 0.01 }),
    ];
    await putMinutes(aws, metric, [1]);
    await putMinutes(aws, metric, [4]);
    evaluateAfter(1);

    expect([(await readAlarm(aws, at)).StateValue, (await readAlarm(aws, above)).StateValue]).toEqual(["ALARM", "OK"]);
  });
});

/** What AWS's documentation says of missing data: 0 is fine, X is beyond the threshold, - is missing, R stays as it is. */
describe("missing data", () => {
  const TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"];
  const STATES: Record<string, string> = { O: "OK", A: "ALARM", I: "INSUFFICIENT_DATA", R: "INSUFFICIENT_DATA" };

  test.each([
    [3, 3, "0 - X - X", "OOOO"],
    [3, 3, "0 - - - -", "OOOO"],
    [3, 3, "- - - - -", "IRAO"],
    [3, 3, "0 X X - X", "AAAA"],
    [3, 3, "- - X - -", "ARAO"],
    [2, 3, "0 - X - X", "AAAA"],
    [2, 3, "0 0 X 0 X", "AAAA"],
    [2, 3, "0 - X - -", "OOAO"],
    [2, 3, "- - - - 0", "OOAO"],
    [2, 3, "- - - X -", "ARAO"],
  ])("in %i of %i: %s", async (datapointsToAlarm, evaluationPeriods, points, expected) => {
    const values = points.split(" ").map((point) => ({ "0": 0, X: 1 })[point]);

    const judged = TREATMENTS.map((treatMissingData) =>
      judge(values, { datapointsToAlarm, evaluationPeriods, treatMissingData }),
    );

    expect(await Promise.all(judged)).toEqual(expected.split("").map((letter) => STATES[letter]));
  });

  test("leaves an alarm alone that ignores it, and takes the state of one that does not", async () => {
    const metric = newMetric();
    const [ignoring, missing] = [
      await createAlarm(aws, metric, { treatMissingData: "ignore" }),
      await createAlarm(aws, metric, { treatMissingData: "missing" }),
    ];
    await putMinutes(aws, metric, [1]);
    for (const minutes of [1, 30]) evaluateAfter(minutes);

    expect((await readAlarm(aws, ignoring)).StateValue).toBe("ALARM");
    expect(await readAlarm(aws, missing)).toMatchObject({
      StateValue: "INSUFFICIENT_DATA",
      StateReason: "Insufficient Data: 1 datapoint was unknown.",
    });
  });
});

describe("an alarm on percentiles", () => {
  test("goes off when more than a hundredth is slow", async () => {
    const [fast, slow] = [newMetric(), newMetric()];
    const more = { extendedStatistic: "p99", threshold: 1500, treatMissingData: "notBreaching" };
    const alarms = [await createAlarm(aws, fast, more), await createAlarm(aws, slow, more)];
    for (const [metric, many] of [
      [fast, 1],
      [slow, 2],
    ] as const)
      for (let index = 0; index < 100; index += 1) await putMinutes(aws, metric, [index < many ? 1900 : 20]);
    evaluateAfter(1);

    const states = await Promise.all(alarms.map(async (alarm) => (await readAlarm(aws, alarm)).StateValue));
    expect(states).toEqual(["OK", "ALARM"]);
  });
});

describe("an alarm on a calculation", () => {
  const toQueries = (metrics: Record<string, string>, expression: string): Properties => ({
    metricQueries: [
      ...Object.entries(metrics).map(([id, metricName]) => ({
        id,
        metric: { namespace: "Test", metricName, period: 60, stat: "Sum" },
      })),
      { id: "result", expression, returnData: true },
    ],
  });

  test.each([
    ["100 * a / b", 25],
    ["a + b * 2 - -1", 10],
    ["(a + b) / 2", 2.5],
    ["IF(b > a, 7, 9)", 7],
    ["IF(a >= b OR a == 2, 7, 9)", 9],
    ["SUM([a, b, 10])", 15],
    ["MAX([a, b]) - MIN([a, b]) + AVG([a, 3])", 5],
    ["CEIL(a / b) + FLOOR(b / 3) + ABS(a - b)", 5],
    ["FILL(none, 6) + a", 7],
    ["a != 1 && b == 4", 0],
  ])("calculates %s", async (expression, value) => {
    const metrics = { a: newMetric(), b: newMetric(), none: newMetric() };
    const more = { ...toQueries(metrics, expression), comparisonOperator: "GreaterThanOrEqualToThreshold" };
    const alarms = [
      await createAlarm(aws, "", { ...more, threshold: value }),
      await createAlarm(aws, "", { ...more, threshold: value + 0.001 }),
    ];
    await putMinutes(aws, metrics.a, [1]);
    await putMinutes(aws, metrics.b, [4]);
    evaluateAfter(1);

    const states = await Promise.all(alarms.map(async (alarm) => (await readAlarm(aws, alarm)).StateValue));
    expect(states).toEqual(["ALARM", "OK"]);
  });

  test.each(["a / none", "a / (a - a)"])("has no value for %s where a part has none", async (expression) => {
    const metrics = { a: newMetric(), none: newMetric() };
    const alarm = await createAlarm(aws, "", { ...toQueries(metrics, expression), treatMissingData: "breaching" });
    await putMinutes(aws, metrics.a, [1]);
    evaluateAfter(1);

    expect((await readAlarm(aws, alarm)).StateReason).toContain("no datapoints were received");
  });

  test.each([
    ["ANOMALY_DETECTION_BAND(a)", "ANOMALY_DETECTION_BAND"],
    ["a + c", "uses c"],
    ["a +", "ends too early"],
    ["(a", ") is expected"],
    ["a b", "b is not expected"],
    ["result + 1", "rests on itself"],
    ["SEARCH('x', 'Sum')", "SEARCH"],
  ])("is refused for %s", async (expression, reason) => {
    await expect(createAlarm(aws, "", toQueries({ a: newMetric() }, expression))).rejects.toThrow(reason);
  });
});

describe("an alarm's actions", () => {
  const topicIn = ({ provider }: TestAws, more: Properties = {}): Promise<Made> =>
    provider.create(CLOUDWATCH_TYPES.topic, `topic-${++topics}`, more);
  let topics = 0;

  /** How the message of an alarm that goes off reaches a topic. */
  async function ring(topicArn: string, more: Properties = {}): Promise<AlarmTrace | undefined> {
    const metric = newMetric();
    const alarm = await createAlarm(aws, metric, { alarmActions: [topicArn], ...more });
    await putMinutes(aws, metric, [1]);
    evaluateAfter(1);
    return tracesOf(alarm)[0];
  }

  test("tell the topics of the state that is entered", async () => {
    const [bad, good] = [await topicIn(aws), await topicIn(aws)];
    const metric = newMetric();
    const alarm = await createAlarm(aws, metric, { alarmActions: [bad.id], okActions: [good.id] });
    await putMinutes(aws, metric, [1, 0]);
    for (const minutes of [1, 2]) evaluateAfter(minutes);

    expect(tracesOf(alarm).map(({ actions }) => actions)).toEqual([
      [{ arn: bad.id, outcome: "published" }],
      [{ arn: good.id, outcome: "published" }],
    ]);
    expect(aws.traces.filter((trace) => trace.kind === "notification" && trace.topicArn === bad.id)).toMatchObject([
      { subject: `ALARM: "${alarm.id}" in ap-northeast-1`, unconfirmed: 0 },
    ]);
  });

  test("do nothing when they are switched off", async () => {
    const topic = await topicIn(aws);

    expect(await ring(topic.id, { actionsEnabled: false })).toMatchObject({ to: "ALARM", actions: [] });
  });

  test.each([
    ["its own service", { Principal: { Service: "cloudwatch.amazonaws.com" } }, "published"],
    ["another service", { Principal: { Service: "events.amazonaws.com" } }, "denied"],
    ["accounts alone", { Principal: { AWS: "arn:aws:iam::000000000000:root" } }, "denied"],
    [
      "its own account",
      {
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "000000000000" } },
      },
      "published",
    ],
    [
      "another account",
      {
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "111111111111" } },
      },
      "denied",
    ],
    [
      "its own alarms",
      {
        Principal: "*",
        Condition: { ArnLike: { "aws:SourceArn": "arn:aws:cloudwatch:ap-northeast-1:000000000000:alarm:*" } },
      },
      "published",
    ],
    ["what goes without TLS", { Principal: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } }, "denied"],
  ])("reach a topic whose policy is for %s as that says", async (_, statement, outcome) => {
    const topic = await topicIn(aws);
    const policy = toPolicy({ Action: "sns:Publish", Resource: topic.id, ...statement });
    await aws.provider.create(CLOUDWATCH_TYPES.topicPolicy, `policy-${topics}`, { arn: topic.id, policy });

    expect(await ring(topic.id)).toMatchObject({ actions: [{ arn: topic.id, outcome }] });
  });

  test("do not reach a topic that is encrypted with the key that AWS manages, as on AWS", async () => {
    const topic = await topicIn(aws, { kmsMasterKeyId: "alias/aws/sns" });

    expect(await ring(topic.id)).toMatchObject({ actions: [{ outcome: "denied" }] });
  });

  test("say that a topic is not there", async () => {
    const arn = "arn:aws:sns:ap-northeast-1:000000000000:gone";

    expect(await ring(arn)).toMatchObject({ actions: [{ arn, outcome: "no such topic" }] });
  });
});

describe("an alarm's life", () => {
  test("keeps its state over an update and under the same name, and ends with the alarm", async () => {
    const metric = newMetric();
    const inputs = { name: "lasting", alarmDescription: "one" };
    const alarm = await createAlarm(aws, metric, inputs);
    await putMinutes(aws, metric, [1]);
    evaluateAfter(1);

    const updated = await aws.provider.update(alarm, { ...alarm.inputs, alarmDescription: "two" });
    expect(await readAlarm(aws, updated)).toMatchObject({ StateValue: "ALARM", AlarmDescription: "two" });
    const other = await createAlarm(aws, metric, { ...inputs, alarmDescription: "three" });
    expect(await readAlarm(aws, other)).toMatchObject({ StateValue: "ALARM", AlarmDescription: "three" });
    await aws.provider.delete(other);
    expect(await aws.provider.read(other)).toBeUndefined();
    expect(await readAlarm(aws, await createAlarm(aws, metric, inputs))).toMatchObject({
      StateValue: "INSUFFICIENT_DATA",
    });
  });

  test("goes on after a restart, and does not take the time before it for silence", async () => {
    const dataDir = await createTempFolder();
    const before = await openAws({ dataDir, alarmsEveryMs: 0 });
    const metric = newMetric();
    const alarm = await createAlarm(before, metric, { treatMissingData: "notBreaching", evaluationPeriods: 2 });
    await putMinutes(before, metric, [1, 1]);
    before.aws.evaluateAlarms(minute(2).getTime());
    await before.close();

    const after = await createAws({ dataDir, alarmsEveryMs: 0 });
    const startedMs = Date.now();
    for (const minutes of [0, 1]) after.aws.evaluateAlarms(startedMs + minutes * MINUTE_MS);
    expect(await readAlarm(after, alarm)).toMatchObject({ StateValue: "ALARM" });
    expect(after.traces.filter(({ kind }) => kind === "alarm")).toEqual([]);

    after.aws.evaluateAlarms(startedMs + 4 * MINUTE_MS);
    expect(await readAlarm(after, alarm)).toMatchObject({ StateValue: "OK" });
  });

  test("has no diff where only the case of a word differs", async () => {
    const alarm = await createAlarm(aws, newMetric(), { treatMissingData: "notBreaching" });

    expect((await aws.provider.diff(alarm, { ...alarm.inputs, treatMissingData: "notbreaching" })).changes).toBe(false);
    expect((await aws.provider.diff(alarm, { ...alarm.inputs, treatMissingData: "breaching" })).diffs).toEqual([
      "treatMissingData",
    ]);
  });

  test.each<[string, Properties, RegExp]>([
    ["a period below a minute", { period: 10 }, /period of 10 seconds is too short/],
    ["a span beyond what is kept", { period: 3600, evaluationPeriods: 4 }, /keeps metrics for 180 minutes/],
    ["anomaly detection", { comparisonOperator: "GreaterThanUpperThreshold" }, /no anomaly detection/],
    ["a trimmed mean", { extendedStatistic: "tm90" }, /statistic tm90/],
    ["more datapoints than periods", { datapointsToAlarm: 2 }, /less than or equal to EvaluationPeriods/],
    [
      "an action that is no topic",
      { alarmActions: ["arn:aws:lambda:ap-northeast-1:000000000000:function:f"] },
      /SNS topics only/,
    ],
    ["no namespace", { namespace: undefined }, /has to have a namespace/],
    ["no comparison", { comparisonOperator: undefined }, /"comparisonOperator" is required/],
    ["no statistic", { statistic: undefined }, /One of "statistic" and "extendedStatistic"/],
  ])("is refused with %s", async (_, more, reason) => {
    await expect(createAlarm(aws, newMetric(), more)).rejects.toThrow(reason);
  });
});

describe("alarms, asked for by the official client", () => {
  test("are reported with their settings, by name, by prefix and by state, in pages", async () => {
    const own = await createAws({ alarmsEveryMs: 0 });
    const client = createCloudWatchClient(own);
    for (const name of ["a-1", "a-2", "b-1"])
      await createAlarm(own, "M", { name, dimensions: { QueueName: "q" }, treatMissingData: "notBreaching" });
    await client.send(new SetAlarmStateCommand({ AlarmName: "a-2", StateValue: "ALARM", StateReason: "to see it" }));

    const names = async (input: object) =>
      (await client.send(new DescribeAlarmsCommand(input))).MetricAlarms?.map(({ AlarmName }) => AlarmName);
    expect(await names({ AlarmNamePrefix: "a-" })).toEqual(["a-1", "a-2"]);
    expect(await names({ AlarmNames: ["b-1", "none"] })).toEqual(["b-1"]);
    expect(await names({ StateValue: "ALARM" })).toEqual(["a-2"]);
    const { NextToken, MetricAlarms } = await client.send(new DescribeAlarmsCommand({ MaxRecords: 2 }));
    expect(MetricAlarms).toHaveLength(2);
    expect(await names({ MaxRecords: 2, NextToken })).toEqual(["b-1"]);
    expect(MetricAlarms?.[1]).toMatchObject({
      AlarmArn: "arn:aws:cloudwatch:ap-northeast-1:000000000000:alarm:a-2",
      StateValue: "ALARM",
      StateReason: "to see it",
      StateUpdatedTimestamp: expect.any(Date) as Date,
      ActionsEnabled: true,
      MetricName: "M",
      Namespace: "Test",
      Statistic: "Sum",
      Dimensions: [{ Name: "QueueName", Value: "q" }],
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: "GreaterThanThreshold",
      TreatMissingData: "notBreaching",
    });
  });

  test("run their actions when they are set to a state, until they are looked at again", async () => {
    const topic = await aws.provider.create(CLOUDWATCH_TYPES.topic, "set", {});
    const alarm = await createAlarm(aws, newMetric(), { alarmActions: [topic.id], treatMissingData: "notBreaching" });
    const set = new SetAlarmStateCommand({ AlarmName: alarm.id, StateValue: "ALARM", StateReason: "a drill" });

    await createCloudWatchClient(aws).send(set);
    evaluateAfter(1);

    expect(tracesOf(alarm)).toMatchObject([
      { to: "ALARM", reason: "a drill", actions: [{ outcome: "published" }] },
      { from: "ALARM", to: "OK" },
    ]);
  });

  test("cannot be set where there is none", async () => {
    const set = new SetAlarmStateCommand({ AlarmName: "none", StateValue: "OK", StateReason: "x" });

    await expect(createCloudWatchClient(aws).send(set)).rejects.toThrow(ResourceNotFound);
  });
});
