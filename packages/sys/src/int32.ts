/** Whether `value` is a number that is an int32. Converts nothing: a conversion could run JavaScript, or throw. */
export function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value;
}
