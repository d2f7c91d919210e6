import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "@jest/globals";

export const CLI = join(__dirname, "..", "dist", "src", "cli.js");

/** Runs the built command line. Short rounds: nothing here looks at how fast anything is. */
export function bench(args: readonly string[], environment: NodeJS.ProcessEnv = {}): ReturnType<typeof runCli> {
  return runCli(args, environment);
}

function runCli(args: readonly string[], environment: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  return { status, stdout, stderr };
}

/** `it`, or a skip that says why; the reason is printed because a skipped test keeps silent about it. */
export function itIf(condition: boolean, reason: string): typeof it {
  if (condition) return it;
  console.warn(`skipped: ${reason}`);
  return it.skip as typeof it;
}

/** Whether the compiler finds a header. */
export function hasHeader(name: string): boolean {
  return spawnSync("cc", ["-E", "-x", "c", "-"], { input: `#include <${name}>\n` }).status === 0;
}

export function isBuilt(): boolean {
  return existsSync(CLI);
}

/** The directory of libev's source, for the tests that build it. */
export const libevSource: string = process.env["POLYLOOP_LIBEV_SOURCE"] ?? "";

/** A directory that is there for the test only. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), "polyloop-bench-test-"));
}

/** A compiler that fails with the given words, as one does that misses a header. */
export function brokenCompiler(complaint: string): string {
  return compilerThat(`echo '${complaint}' >&2; exit 1`);
}

/** A compiler that makes an empty program of anything. */
export function idleCompiler(): string {
  return compilerThat('while [ "$1" != -o ]; do shift; done; : > "$2"');
}

function compilerThat(script: string): string {
  const path = join(scratch(), "cc");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
