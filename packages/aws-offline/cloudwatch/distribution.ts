/** Values of one metric within one minute: what every statistic can be computed from, in bounded memory. */
export interface Distribution {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** How often each bucket of values occurred. */
  buckets: Map<number, number>;
}

/** A bucket's upper end is 1 % above its lower one, so a percentile is wrong by half of that at most. */
const LOG_GROWTH = Math.log(1.01);
/** Room between the buckets of positive values, 0 and those of negative ones: 1.01^-80000 is below any number. */
const OFFSET = 80_000;

export function createDistribution(): Distribution {
  return { count: 0, sum: 0, min: Infinity, max: -Infinity, buckets: new Map() };
}

export function addValue(to: Distribution, value: number, count = 1): void {
  to.count += count;
  to.sum += value * count;
  to.min = Math.min(to.min, value);
  to.max = Math.max(to.max, value);
  const bucket = toBucket(value);
  to.buckets.set(bucket, (to.buckets.get(bucket) ?? 0) + count);
}

export function merge(to: Distribution, from: Distribution): void {
  to.count += from.count;
  to.sum += from.sum;
  to.min = Math.min(to.min, from.min);
  to.max = Math.max(to.max, from.max);
  for (const [bucket, count] of from.buckets) to.buckets.set(bucket, (to.buckets.get(bucket) ?? 0) + count);
}

const STATISTICS: Record<string, (of: Distribution) => number> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ sum, count }) => sum / count,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
};

/** Whether a statistic, such as `Sum` or `p99.9`, can be computed here; the trimmed ones of CloudWatch cannot. */
export function isStatistic(name: string): boolean {
  return Object.hasOwn(STATISTICS, name) || toPercent(name) !== undefined;
}

/** @throws for what `isStatistic` does not know. */
export function computeStatistic(of: Distribution, name: string): number {
  const plain = STATISTICS[name];
  if (plain) return plain(of);
  const percent = toPercent(name);
  if (percent === undefined) throw new Error(`The statistic ${name} is not known`);
  return computePercentile(of, percent);
}

/** The value that this share of the values does not exceed. */
function computePercentile({ buckets, count, min, max }: Distribution, percent: number): number {
  let left = Math.max(1, Math.ceil((percent / 100) * count));
  for (const [bucket, occurred] of [...buckets].sort(([one], [other]) => one - other)) {
    left -= occurred;
    // The ends are known exactly.
    if (left <= 0) return Math.min(max, Math.max(min, fromBucket(bucket)));
  }
  return max;
}

function toPercent(statistic: string): number | undefined {
  const percent = /^p(\d{1,2}(?:\.\d{1,2})?|100)$/.exec(statistic)?.[1];
  return percent === undefined ? undefined : Number(percent);
}

function toBucket(value: number): number {
  if (value === 0) return 0;
  return Math.sign(value) * (Math.floor(Math.log(Math.abs(value)) / LOG_GROWTH) + OFFSET);
}

function fromBucket(bucket: number): number {
  if (bucket === 0) return 0;
  return Math.sign(bucket) * Math.exp((Math.abs(bucket) - OFFSET + 0.5) * LOG_GROWTH);
}
