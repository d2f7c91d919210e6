/** Numbers for whoever calls an addon as it should be called. */
export const good = new Int32Array(64);

const detached = new Int32Array(64);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

/** What is no Int32Array that an addon could use, with its index. */
export const badArrays: readonly (readonly [index: number, value: unknown])[] = [
  undefined,
  null,
  5,
  "x",
  {},
  [],
  new Float64Array(64),
  new Int32Array(0),
  detached,
  good.buffer,
].map((value, index) => [index, value]);

/** What is no count, descriptor or time that an addon could use. */
export const badNumbers: readonly unknown[] = [
  undefined,
  null,
  "1",
  Number.NaN,
  0.5,
  -2,
  2 ** 31,
  Number.POSITIVE_INFINITY,
  {},
];
