/** A median and how far the values lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("there is no median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
  return { median, lowest: sorted[0] as number, highest: sorted.at(-1) as number };
}

/**
 * The spread of what the values are in relation to those of the same round: a round in which the machine was busy was so
 * for both.
 */
export function ratios(values: readonly number[], baseline: readonly number[]): Spread {
  return spread(values.map((value, index) => value / (baseline[index] ?? Number.NaN)));
}
