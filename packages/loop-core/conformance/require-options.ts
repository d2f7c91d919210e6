import { wrongType, wrongValue } from "../src/arguments.js";
import { requireFactory } from "../src/recovery.js";
import type { ConformanceOptions, TestRunner } from "./options.js";

/** Refuses anything but options with a runner's two functions, and a number of programs that is one. */
export function requireRunner(where: string, options: unknown): void {
  if (typeof options !== "object" || options === null)
    throw wrongType(where, "options", "{ describe, it, … }", options);
  const { describe, it, programs } = options as Partial<TestRunner> & { readonly programs?: unknown };
  for (const [name, value] of Object.entries({ describe, it })) {
    if (typeof value !== "function") throw wrongType(where, name, "the runner's function of that name", value);
  }
  if (programs === undefined || (Number.isSafeInteger(programs) && (programs as number) > 0)) return;
  throw wrongValue(where, "programs", "a number from 1", programs);
}

/** Refuses what `conformance()` cannot work with. */
export function requireOptions(options: ConformanceOptions): void {
  const where = "conformance";
  requireRunner(where, options);
  const { factory, entry, mayBeUnavailable } = options as Readonly<Record<keyof ConformanceOptions, unknown>>;
  if (typeof factory === "function") {
    throw wrongType(where, "factory", "a backend factory: call the function that makes one, as in epoll()", factory);
  }
  requireFactory(where, factory);
  if (entry !== undefined && typeof entry !== "string" && !(entry instanceof URL)) {
    throw wrongType(where, "entry", "the URL or the absolute path of a module", entry);
  }
  if (mayBeUnavailable !== undefined && typeof mayBeUnavailable !== "boolean") {
    throw wrongType(where, "mayBeUnavailable", "true or false", mayBeUnavailable);
  }
}
