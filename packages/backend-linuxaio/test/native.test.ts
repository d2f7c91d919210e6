import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { type Ending, hasCompiler, runNative } from "@polyloop/sys/testing";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

if (!hasCompiler) {
  process.stderr.write("skipped: what only C++ can try (a fork, a signalfd, broken rings), for want of c++\n");
}

const run = (name: string): Ending =>
  runNative(at(`fixtures/${name}.cc`), at("../native"), ["aio-context", "completion-ring", "teardown"]);

const RIGHT = { status: 0, signal: null, stdout: "", stderr: "" };

// Skipped for the reason that is printed above.
(hasCompiler ? describe : describe.skip)("the native code by itself", () => {
  it("is right about signalfds, and about rings that are not what they should be", () => {
    expect(run("native")).toEqual(RIGHT);
  }, 120_000);

  it("in a forked child gets EINVAL of its parent's context, leaves its ring alone, and can open its own", () => {
    expect(run("fork")).toEqual(RIGHT);
  }, 120_000);
});
