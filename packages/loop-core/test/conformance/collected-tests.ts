import type { BackendFactory } from "@polyloop/loop-core";
import { type ConformanceOptions, conformance, type TestRunner } from "@polyloop/loop-core/conformance";

/** What became of a test: it passed, was skipped, or failed, and what it said. */
export type Outcome = "passed" | `skipped: ${string}` | `failed: ${string}`;

/** The kit's tests for a backend under a runner that runs none of them: `"chapter › test"`, and how to run it. */
export function collectTests(
  factory: BackendFactory,
  options: Omit<Partial<ConformanceOptions>, keyof TestRunner> = {},
): ReadonlyMap<string, () => Promise<Outcome>> {
  const tests = new Map<string, () => Promise<Outcome>>();
  const names: string[] = [];
  conformance({
    ...options,
    factory,
    describe(name, body) {
      names.push(name);
      body();
      names.pop();
    },
    it(name, body) {
      // The outermost group is the backend's name.
      tests.set([...names.slice(1), name].join(" › "), () => outcomeOf(body));
    },
  });
  return tests;
}

async function outcomeOf(body: (context: unknown) => unknown): Promise<Outcome> {
  let outcome: Outcome = "passed";
  const skip = (reason: string): void => {
    outcome = `skipped: ${reason}`;
  };
  try {
    await body({ skip });
  } catch (error) {
    outcome = `failed: ${(error as Error).message}`;
  }
  return outcome;
}
