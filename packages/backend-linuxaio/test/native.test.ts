import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { compiled, type Ending, hasCompiler } from "@polyloop/sys/testing";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

if (!hasCompiler) {
  process.stderr.write("skipped: what only C++ can try (a fork, a signalfd, broken rings), for want of c++\n");
}

/** Runs a program of the fixtures, made of the native code without Node.js. */
function runNative(name: string): Ending {
  const sources = ["aio-context", "completion-ring", "teardown"].map((source) => at(`../native/${source}.cc`));
  const program = compiled(at(`fixtures/${name}.cc`), sources, [at("../native")]);
  try {
    return program.run();
  } finally {
    program.remove();
  }
}

const RIGHT = { status: 0, signal: null, stdout: "", stderr: "" };

(hasCompiler ? describe : describe.skip)("the native code by itself", () => {
  it("is right about signalfds, and about rings that are not what they should be", () => {
    expect(runNative("native")).toEqual(RIGHT);
  }, 120_000);

  it("in a forked child gets EINVAL of its parent's context, leaves its ring alone, and can open its own", () => {
    expect(runNative("fork")).toEqual(RIGHT);
  }, 120_000);
});
