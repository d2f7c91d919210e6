import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { hasCompiler, runNative } from "@polyloop/sys/testing";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

if (!hasCompiler) process.stderr.write("skipped: what only C++ can try (restrictions, a fork), for want of c++\n");

// Skipped for the reason that is printed above.
(hasCompiler ? describe : describe.skip)("the native code by itself", () => {
  it("does nothing but poll, has no number, and is left alone by a forked child", () => {
    const ending = runNative(at("fixtures/native.cc"), at("../native"), ["queues", "ring-handle", "ring"]);
    expect(ending).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
  }, 120_000);
});
