import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const packages = fileURLToPath(new URL("../../packages", import.meta.url));

/** Promises of docs/semantics.md about watchers that are not built yet, and which. */
const LATER: Readonly<Record<number, string>> = {
  25: "periodic",
  28: "signal",
  29: "child",
  30: "stat",
  33: "embed",
};

/** The numbers in the names of tests, such as "promise 9: …" and "promises 7 and 8: …". */
function promisedIn(source: string): number[] {
  return [...source.matchAll(/\b(?:describe|it)\(\s*"[^"\n]*\bpromises? (\d[\d ,and]*)/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/\d+/g)].map(Number),
  );
}

function testsOf(name: string): string[] {
  try {
    return readdirSync(join(packages, name, "test"))
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => readFileSync(join(packages, name, "test", file), "utf8"));
  } catch {
    return [];
  }
}

describe("every promise of docs/semantics.md", () => {
  const tested = new Set(readdirSync(packages).flatMap(testsOf).flatMap(promisedIn));

  it.each(Array.from({ length: 38 }, (_, index) => index + 1))(
    "%i has a test that names it, or its watcher is still to come",
    (number) => {
      expect({ number, tested: tested.has(number) }).toEqual({ number, tested: LATER[number] === undefined });
    },
  );
});
