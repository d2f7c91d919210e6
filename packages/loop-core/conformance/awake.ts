import assert from "node:assert/strict";
import { skippedInPart } from "./skipped-in-part.js";
import { threadUsage } from "./stopwatch.js";

/**
 * Makes a call so many times and checks that the thread does not go to sleep in it. Being interrupted is not sleeping, so load
 * does no harm.
 */
export function staysAwake(what: string, rounds: number, call: () => void): void {
  const before = threadUsage();
  for (let round = 0; round < rounds; round++) call();
  const after = threadUsage();
  if (before === undefined || after === undefined) {
    skippedInPart(`how often the thread sleeps in ${what}`, "/proc does not tell");
    return;
  }
  const sleeps = after.sleeps - before.sleeps;
  // Some are the runtime's own.
  assert.ok(sleeps < rounds / 2, `the thread went to sleep ${String(sleeps)} times in ${String(rounds)} ${what}`);
}
