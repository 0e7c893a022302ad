import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import {
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
  type CloudWatchClient,
  type Datapoint,
} from "@aws-sdk/client-cloudwatch";
import { describe, expect, test } from "vitest";
import { createMetrics } from "../cloudwatch/metrics.ts";
import { invoke, toCallingCode } from "./support/aws-requests.ts";
import {
  CLOUDWATCH_TYPES,
  createAlarm,
  createCloudWatchClient,
  MINUTE_MS,
  minute,
  newMetric,
  putMinutes,
  readAlarm,
} from "./support/cloudwatch.ts";
import { createApi, createFunction, createRole, send, shareAws, TYPES } from "./support/local-aws.ts";
import type { Made, Properties } from "./support/provider-client.ts";

const aws = shareAws({ alarmsEveryMs: 0 });

/** The statistics of what was measured from then until now, in one period. */
async function readToday(
  Namespace: string,
  MetricName: string,
  dimensions: Record<string, string> = {},
): Promise<Datapoint | undefined> {
  const { Datapoints = [] } = await createCloudWatchClient(aws).send(
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      StartTime: new Date(0),
      EndTime: new Date(Date.now() + MINUTE_MS),
      // Long enough for all of a test to lie in one.
      Period: 365 * 24 * 3600,
      Statistics: ["Sum", "SampleCount", "Maximum"],
    }),
  );
  return Datapoints[0];
}

describe("metrics, put and asked for by the official client", () => {
  const put = (
    client: CloudWatchClient,
    data: { Value: number; Unit?: "Count" | "Bytes"; at?: Date; host?: string }[],
  ) => {
    const MetricName = newMetric();
    const MetricData = data.map(({ Value, Unit, at = minute(0), host }) => ({
      MetricName,
      Value,
      Timestamp: at,
      ...(Unit && { Unit }),
      ...(host !== undefined && { Dimensions: [{ Name: "Host", Value: host }] }),
    }));
    return client.send(new PutMetricDataCommand({ Namespace: "Test", MetricData })).then(() => MetricName);
  };
  const ask = (client: CloudWatchClient, MetricName: string, more: object = {}) =>
    client.send(
      new GetMetricStatisticsCommand({
        Namespace: "Test",
        MetricName,
        StartTime: minute(0),
        EndTime: minute(10),
        Period: 60,
        Statistics: ["Sum"],
        ...more,
      }),
    );

  test("come back in every statistic, by the minute", async () => {
    const client = createCloudWatchClient(aws);
    const name = await put(client, [
      { Value: 1, Unit: "Count" },
      { Value: 4, Unit: "Count", at: new Date(minute(0).getTime() + 59_999) },
      { Value: -2, Unit: "Count", at: minute(1) },
    ]);

    const { Datapoints } = await ask(client, name, {
      Statistics: ["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
    });

    expect(Datapoints).toEqual([
      { Timestamp: minute(0), Unit: "Count", SampleCount: 2, Sum: 5, Average: 2.5, Minimum: 1, Maximum: 4 },
      { Timestamp: minute(1), Unit: "Count", SampleCount: 1, Sum: -2, Average: -2, Minimum: -2, Maximum: -2 },
    ]);
  });

  test("have percentiles that are right to a hundredth", async () => {
    const client = createCloudWatchClient(aws);
    const values = Array.from({ length: 100 }, (_, index) => ({ Value: (index + 1) * 10 }));
    const name = await put(client, values);

    const { Datapoints } = await ask(client, name, {
      Statistics: undefined,
      ExtendedStatistics: ["p50", "p90", "p99", "p99.9"],
    });

    const found = Datapoints?.[0]?.ExtendedStatistics ?? {};
    for (const [percentile, value] of Object.entries({ p50: 500, p90: 900, p99: 990, "p99.9": 1000 }))
      expect(Math.abs((found[percentile] ?? 0) / value - 1)).toBeLessThan(0.01);
  });

  test("are other ones with other dimensions, and apart in other units", async () => {
    const client = createCloudWatchClient(aws);
    const name = await put(client, [
      { Value: 1 },
      { Value: 2, host: "a" },
      { Value: 4, host: "b", Unit: "Count" },
      { Value: 8, host: "b", Unit: "Bytes" },
    ]);
    const sum = async (more: object) => (await ask(client, name, more)).Datapoints?.[0]?.Sum;
    const Dimensions = [{ Name: "Host", Value: "b" }];

    expect(await sum({})).toBe(1);
    expect(await sum({ Dimensions: [{ Name: "Host", Value: "a" }] })).toBe(2);
    expect(await sum({ Dimensions })).toBe(12);
    expect(await sum({ Dimensions, Unit: "Bytes" })).toBe(8);
    expect(await sum({ Dimensions, Unit: "Seconds" })).toBeUndefined();
  });

  test("take several values of one kind at once", async () => {
    const client = createCloudWatchClient(aws);
    const MetricName = newMetric();
    const MetricData = [{ MetricName, Timestamp: minute(0), Values: [1, 10], Counts: [3, 2] }];
    await client.send(new PutMetricDataCommand({ Namespace: "Test", MetricData }));

    const { Datapoints } = await ask(client, MetricName, { Statistics: ["Sum", "SampleCount"] });

    expect(Datapoints).toMatchObject([{ Sum: 23, SampleCount: 5 }]);
  });

  test("can be calculated with, newest first", async () => {
    const [errors, calls] = [newMetric(), newMetric()];
    await putMinutes(aws, errors, [1, 2]);
    await putMinutes(aws, calls, [4, 4, 4]);
    const query = (Id: string, MetricName: string) => ({
      Id,
      ReturnData: false,
      MetricStat: { Metric: { Namespace: "Test", MetricName }, Period: 60, Stat: "Sum" },
    });

    const { MetricDataResults } = await createCloudWatchClient(aws).send(
      new GetMetricDataCommand({
        StartTime: minute(0),
        EndTime: minute(3),
        MetricDataQueries: [
          query("errors", errors),
          query("calls", calls),
          { Id: "rate", Expression: "100 * FILL(errors, 0) / calls", Label: "Error rate" },
        ],
      }),
    );

    expect(MetricDataResults).toMatchObject([
      {
        Id: "rate",
        Label: "Error rate",
        StatusCode: "Complete",
        Timestamps: [minute(2), minute(1), minute(0)],
        Values: [0, 50, 25],
      },
    ]);
  });

  test("are listed by name and dimensions, in pages", async () => {
    const client = createCloudWatchClient(aws);
    const MetricName = newMetric();
    for (const start of [0, 300])
      await client.send(
        new PutMetricDataCommand({
          Namespace: "Listed",
          MetricData: Array.from({ length: 300 }, (_, index) => ({
            MetricName,
            Value: 1,
            Dimensions: [{ Name: "Host", Value: String(start + index) }],
          })),
        }),
      );

    const first = await client.send(new ListMetricsCommand({ Namespace: "Listed" }));
    const second = await client.send(new ListMetricsCommand({ Namespace: "Listed", NextToken: first.NextToken }));
    const one = await client.send(new ListMetricsCommand({ MetricName, Dimensions: [{ Name: "Host", Value: "7" }] }));

    expect([first.Metrics?.length, second.Metrics?.length, second.NextToken]).toEqual([500, 100, undefined]);
    expect(one.Metrics).toEqual([{ Namespace: "Listed", MetricName, Dimensions: [{ Name: "Host", Value: "7" }] }]);
  });

  test.each<[string, object, string]>([
    ["AWS's own namespaces", { Namespace: "AWS/Lambda", MetricData: [{ MetricName: "X", Value: 1 }] }, "AWS/"],
    ["nothing", { Namespace: "Test", MetricData: [{ MetricName: "X" }] }, "either Value or Values"],
    [
      "statistics",
      {
        Namespace: "Test",
        MetricData: [{ MetricName: "X", StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 } }],
      },
      "StatisticValues",
    ],
  ])("refuse %s", async (_, input, reason) => {
    await expect(createCloudWatchClient(aws).send(new PutMetricDataCommand(input as never))).rejects.toThrow(reason);
  });

  test("refuse statistics that are not computed", async () => {
    const asked = ask(createCloudWatchClient(aws), newMetric(), {
      Statistics: undefined,
      ExtendedStatistics: ["tm90"],
    });

    await expect(asked).rejects.toThrow("does not compute the statistic tm90");
  });
});

describe("what is kept of metrics", () => {
  test("is three hours, by the clock that is given", () => {
    let now = minute(0).getTime();
    const metrics = createMetrics(() => now);
    const metric = { namespace: "Test", name: "Old" };
    const read = () => metrics.read(metric, { startMs: 0, endMs: now + MINUTE_MS, periodMs: MINUTE_MS }).length;
    metrics.put({ ...metric, value: 1 });
    metrics.put({ ...metric, value: 1, atMs: now - 4 * 60 * MINUTE_MS });

    expect(read()).toBe(1);
    now += 3 * 60 * MINUTE_MS;
    metrics.collect(now);
    expect(read()).toBe(1);
    now += MINUTE_MS;
    metrics.collect(now);
    expect([read(), metrics.list()]).toEqual([0, []]);
  });

  test("is of a gauge the last value of each minute, as long as its source is there", () => {
    const metrics = createMetrics();
    const metric = { namespace: "Test", name: "Depth", dimensions: { QueueName: "q" } };
    let value = 0;
    const stop = metrics.sample(() => [{ ...metric, value: ++value }]);
    for (const seconds of [0, 30, 59, 60]) metrics.collect(minute(0).getTime() + seconds * 1000);
    stop();
    metrics.collect(minute(2).getTime());

    const range = { startMs: minute(0).getTime(), endMs: minute(5).getTime(), periodMs: MINUTE_MS };
    expect(metrics.read(metric, range)).toMatchObject([
      { startMs: minute(0).getTime(), count: 1, sum: 3 },
      { startMs: minute(1).getTime(), count: 1, sum: 4 },
    ]);
  });
});

describe("Lambda's metrics", () => {
  const sumOf = async (name: string, dimensions: Record<string, string>) =>
    (await readToday("AWS/Lambda", name, dimensions))?.Sum;

  test("count invocations and errors, and time them, for the function and for what was called", async () => {
    const fn = await createFunction(
      aws,
      "export const handler = async ({ fail }) => { if (fail) throw new Error(); };",
    );
    for (const fail of [false, false, true]) await invoke(aws, fn.id, { fail });
    await invoke(aws, fn.id, {}, "1");
    const [own, version] = [{ FunctionName: fn.id }, { FunctionName: fn.id, Resource: `${fn.id}:1` }];

    expect([await sumOf("Invocations", own), await sumOf("Errors", own)]).toEqual([4, 1]);
    expect([await sumOf("Invocations", version), await sumOf("Errors", version)]).toEqual([1, 0]);
    expect(await sumOf("Invocations", { FunctionName: fn.id, Resource: fn.id })).toBe(3);
    expect(await sumOf("Throttles", own)).toBe(0);
    expect(await readToday("AWS/Lambda", "ConcurrentExecutions", own)).toMatchObject({ Maximum: 1, Unit: "Count" });
    expect(await readToday("AWS/Lambda", "Duration", own)).toMatchObject({ SampleCount: 4, Unit: "Milliseconds" });
  });

  test("count what is throttled, and do not take it for an invocation", async () => {
    const fn = await createFunction(aws, "export const handler = async () => 1;", { reservedConcurrentExecutions: 0 });
    expect((await invoke(aws, fn.id, {})).status).toBe(429);

    expect(await sumOf("Throttles", { FunctionName: fn.id })).toBe(1);
    expect(await sumOf("Invocations", { FunctionName: fn.id })).toBeUndefined();
  });
});

describe("API Gateway's metrics", () => {
  test("count requests and what was answered, for the API and its stage", async () => {
    const api = await createApi(aws, "export const handler = async ({ body }) => ({ statusCode: Number(body) });");
    for (const body of ["200", "401", "503", "204"]) await send(aws, `${api.url}/webhook`, { body });
    await send(aws, `${api.url}/elsewhere`);
    const requests = aws.traces.filter((trace) => trace.kind === "request" && trace.apiId === api.api.id);
    expect(requests).toHaveLength(5);

    for (const dimensions of [{ ApiId: api.api.id }, { ApiId: api.api.id, Stage: "$default" }]) {
      const read = (name: string) => readToday("AWS/ApiGateway", name, dimensions);
      expect(await read("Count")).toMatchObject({ Sum: 5 });
      expect(await read("4xx")).toMatchObject({ Sum: 2, SampleCount: 5 });
      expect(await read("5xx")).toMatchObject({ Sum: 1, SampleCount: 5 });
      expect(await read("Latency")).toMatchObject({ SampleCount: 5, Unit: "Milliseconds" });
      expect(await read("IntegrationLatency")).toMatchObject({ SampleCount: 4 });
    }
  });
});

/** A function that prints what it is told to. */
const printer =
  "export const handler = async (lines) => { for (const line of lines) process.stdout.write(line + '\\n'); };";

async function createPrinter(): Promise<{ fn: Made; logGroupName: string }> {
  const group = await aws.provider.create(TYPES.logGroup, `group-${newMetric()}`, {});
  const fn = await createFunction(aws, printer, { loggingConfig: { logFormat: "JSON", logGroup: group.id } });
  return { fn, logGroupName: group.id };
}

/** Prints, and waits until the last line is in the log. */
async function print(fn: Made, logGroup: string, lines: string[]): Promise<void> {
  const last = `last ${newMetric()}`;
  await invoke(aws, fn.id, [...lines, last]);
  await aws.waitForTrace(
    (trace) => trace.kind === "log" && trace.logGroup === logGroup && trace.message.trim() === last,
  );
}

describe("a metric filter", () => {
  const createFilter = (logGroupName: string, pattern: string, transformation: Properties = {}): Promise<Made> =>
    aws.provider.create(CLOUDWATCH_TYPES.metricFilter, `filter-${newMetric()}`, {
      logGroupName,
      pattern,
      metricTransformation: { namespace: logGroupName, name: "Found", value: "1", ...transformation },
    });

  test("counts the lines that match, from then on", async () => {
    const { fn, logGroupName } = await createPrinter();
    await print(fn, logGroupName, ['{"status":401}']);
    await createFilter(logGroupName, "{ $.status = 401 }", { unit: "Count" });
    await print(fn, logGroupName, ['{"status":401}', '{"status":200}', "401", '{"status":401}']);

    expect(await readToday(logGroupName, "Found")).toMatchObject({ Sum: 2, SampleCount: 2, Unit: "Count" });
  });

  test("takes values and dimensions from the line", async () => {
    const { fn, logGroupName } = await createPrinter();
    await createFilter(logGroupName, "{ $.ms = * }", { value: "$.ms", dimensions: { Outcome: "$.outcome.name" } });
    const lines = [
      { ms: 5, outcome: { name: "ok" } },
      { ms: "7", outcome: { name: "ok" } },
      { ms: 100, outcome: { name: "slow" } },
      { ms: 1000 },
      { ms: "none", outcome: { name: "ok" } },
    ];
    await print(
      fn,
      logGroupName,
      lines.map((line) => JSON.stringify(line)),
    );

    expect(await readToday(logGroupName, "Found", { Outcome: "ok" })).toMatchObject({ Sum: 12, SampleCount: 2 });
    expect(await readToday(logGroupName, "Found", { Outcome: "slow" })).toMatchObject({ Sum: 100 });
    expect(await readToday(logGroupName, "Found")).toBeUndefined();
  });

  test("has a default for minutes without a match, and sets an alarm off with one", async () => {
    const { fn, logGroupName } = await createPrinter();
    await createFilter(logGroupName, "ERROR", { defaultValue: "0" });
    const alarm = await createAlarm(aws, "Found", { namespace: logGroupName });
    const evaluate = async () => {
      aws.aws.evaluateAlarms(Date.now() + MINUTE_MS);
      return (await readAlarm(aws, alarm)).StateValue;
    };

    expect(await evaluate()).toBe("INSUFFICIENT_DATA");
    await print(fn, logGroupName, ["all is well"]);
    expect(await evaluate()).toBe("OK");
    await print(fn, logGroupName, ["an ERROR"]);
    expect(await evaluate()).toBe("ALARM");
  });

  test("counts in another way after an update, and nothing after its end", async () => {
    const { fn, logGroupName } = await createPrinter();
    const filter = await createFilter(logGroupName, "one");
    await print(fn, logGroupName, ["one", "two"]);
    const updated = await aws.provider.update(filter, { ...filter.inputs, pattern: " two " });
    await print(fn, logGroupName, ["one", "two", "two"]);
    await aws.provider.delete(updated);
    await print(fn, logGroupName, ["one", "two"]);

    expect(updated.outputs["pattern"]).toBe("two");
    expect(await readToday(logGroupName, "Found")).toMatchObject({ Sum: 3 });
  });

  test("is imported by its group and its name", async () => {
    const { logGroupName } = await createPrinter();
    const filter = await createFilter(logGroupName, "x");

    const type = CLOUDWATCH_TYPES.metricFilter;
    const imported = await aws.provider.read({ type, name: "x", id: `${logGroupName}:${filter.id}` });

    expect(imported).toMatchObject({ id: filter.id, outputs: filter.outputs });
  });

  test("goes with its log group", async () => {
    const group = await aws.provider.create(TYPES.logGroup, "going", { name: "going" });
    const filter = await createFilter(group.id, "x");
    await aws.provider.delete(group);

    expect(await aws.provider.read(filter)).toBeUndefined();
  });

  test.each<[string, string, Properties, RegExp]>([
    ["a regular expression", "%x%", {}, /%x% is no term/],
    ["a comparison with one", "{ $.a = %x% }", {}, /%x% cannot be read/],
    ["a space-delimited pattern", "[ip, user]", {}, /\[ip, user\] is no term/],
    ["any item of a list", "{ $.a[*] = 1 }", {}, /\[\*\] = 1 cannot be read/],
    ["a text that is compared by size", '{ $.a > "x" }', {}, /no comparison with a number/],
    ["an open parenthesis", "{ ($.a = 1 }", {}, /not closed/],
    ["half of a comparison", "{ $.a = }", {}, /ends too early/],
    ["no selector", "{ status = 1 }", {}, /selector such as \$\.status is expected/],
    ["a value that is no number", "x", { value: "many" }, /metric value: many/],
    ["a value from nowhere", "x", { value: "$" }, /metric value: \$/],
    ["a default with dimensions", "x", { defaultValue: "0", dimensions: { A: "$.a" } }, /default value/],
  ])("is refused with %s", async (_, pattern, transformation, reason) => {
    const group = await aws.provider.create(TYPES.logGroup, `refused-${newMetric()}`, {});

    await expect(createFilter(group.id, pattern, transformation)).rejects.toThrow(reason);
  });

  test("is refused without its log group", async () => {
    await expect(createFilter("none", "x")).rejects.toThrow("The specified log group does not exist.");
  });
});

describe("the embedded metric format", () => {
  test("makes metrics of a function's log lines, one for each set of dimensions", async () => {
    const { fn, logGroupName } = await createPrinter();
    const line = {
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          {
            Namespace: logGroupName,
            Dimensions: [["service"], ["service", "kind"]],
            Metrics: [{ Name: "events", Unit: "Count" }, { Name: "ages" }, { Name: "absent" }],
          },
        ],
      },
      service: "bot",
      kind: "text",
      events: 3,
      ages: [1, 2, 3],
    };
    await print(fn, logGroupName, [JSON.stringify(line), JSON.stringify({ ...line, _aws: { broken: true } })]);

    for (const dimensions of [{ service: "bot" }, { service: "bot", kind: "text" }]) {
      expect(await readToday(logGroupName, "events", dimensions)).toMatchObject({ Sum: 3, Unit: "Count" });
      expect(await readToday(logGroupName, "ages", dimensions)).toMatchObject({ SampleCount: 3, Maximum: 3 });
      expect(await readToday(logGroupName, "absent", dimensions)).toBeUndefined();
    }
  });
});

test("metrics that Powertools writes are measured", async () => {
  const { fn, logGroupName } = await createPrinter();
  const written = new Metrics({ namespace: logGroupName, serviceName: "bot" });
  written.addDimension("kind", "text");
  written.addMetric("events", MetricUnit.Count, 3);
  written.addMetric("events", MetricUnit.Count, 4);
  await print(fn, logGroupName, [JSON.stringify(written.serializeMetrics())]);

  const dimensions = { service: "bot", kind: "text" };
  expect(await readToday(logGroupName, "events", dimensions)).toMatchObject({ Sum: 7, SampleCount: 2, Unit: "Count" });
});

describe("a dashboard", () => {
  const createDashboard = (body: object) =>
    aws.provider.create(CLOUDWATCH_TYPES.dashboard, "bot", {
      dashboardName: "bot",
      dashboardBody: JSON.stringify(body),
    });
  const widget = { type: "metric", width: 6, properties: { metrics: [["AWS/SQS", "NumberOfMessagesSent"]] } };

  test("is kept, belongs to no region, and is the same in another order", async () => {
    const dashboard = await createDashboard({ widgets: [widget] });
    const { properties, ...rest } = widget;

    expect(dashboard.outputs["dashboardArn"]).toBe("arn:aws:cloudwatch::000000000000:dashboard/bot");
    expect((await aws.provider.read(dashboard))?.outputs["dashboardBody"]).toBe(JSON.stringify({ widgets: [widget] }));
    const other = {
      ...dashboard.inputs,
      dashboardBody: JSON.stringify({ widgets: [{ properties, ...rest }] }, null, 2),
    };
    expect((await aws.provider.diff(dashboard, other)).changes).toBe(false);
  });

  test.each([
    ["no list of widgets", {}, /widgets of the dashboard body is required/],
    ["a widget without properties", { widgets: [widget, { type: "metric" }] }, /widget 1 needs/],
    ["a widget of no kind", { widgets: [{ ...widget, type: "chart" }] }, /widget 0 needs/],
  ])("is refused with %s", async (_, body, reason) => {
    await expect(createDashboard(body)).rejects.toThrow(reason);
  });
});

test.each([
  ["may", ["logs:*", "cloudwatch:PutMetricData"], 200],
  ["may not", ["logs:*"], 400],
])("a function whose role %s put metrics is answered %s", async (_, actions, status) => {
  const role = await createRole(aws, actions);
  const putter = await toCallingCode(`export const handler = async () => {
    const response = await call("monitoring", {
      body: JSON.stringify({ Namespace: "Own", MetricData: [{ MetricName: "X", Value: 1 }] }),
      headers: { "x-amz-target": "GraniteServiceVersion20100801.PutMetricData" },
    });
    return response.status;
  };`);
  const fn = await createFunction(aws, putter, { role: role.outputs["arn"] });

  expect((await invoke(aws, fn.id, {})).body).toBe(status);
});
