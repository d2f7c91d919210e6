import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const hasCompiler = spawnSync("g++", ["--version"]).status === 0;
if (!hasCompiler) process.stderr.write("skipped: what only C++ can try (restrictions, a fork), for want of g++\n");

(hasCompiler ? describe : describe.skip)("the native code by itself", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "polyloop-native-"));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it("does nothing but poll, has no number, and is left alone by a forked child", () => {
    const program = join(directory, "native");
    const sources = ["queues.cc", "ring-handle.cc", "ring.cc"].map((name) => at(`../native/${name}`));
    const includes = ["-I", at("../native"), "-I", at("../../sys/include")];
    const options = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pthread", ...includes, "-o", program];
    execFileSync("g++", [...options, at("fixtures/native.cc"), ...sources]);
    const result = spawnSync(program, { encoding: "utf8", timeout: 60_000 });
    expect({ output: result.stdout, status: result.status, signal: result.signal }).toEqual({
      output: "",
      status: 0,
      signal: null,
    });
  }, 120_000);
});
