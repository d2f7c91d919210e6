/** Throws `ERR_INVALID_ARG_TYPE` for options that are no object; callers without types hand over anything. */
export function checkOptions(functionName: string, options: unknown): void {
  if (typeof options === "object" && options !== null) return;
  const found = options === null ? "null" : typeof options;
  const error = new TypeError(`${functionName}: "options" must be an object, got ${found}`);
  throw Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}
