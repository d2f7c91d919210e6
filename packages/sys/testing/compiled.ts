import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packages } from "./packed-application.js";

/** Whether a C++ program can be compiled here. */
export const hasCompiler = spawnSync("c++", ["--version"]).status === 0;

/** How a program ended, and what it printed. */
export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was compiled for a test. */
export interface CompiledProgram {
  run(...details: string[]): Ending;
  remove(): void;
}

/** Compiles a C++ program together with sources of a package, which find its headers; those of sys are found by themselves. */
export function compiled(
  program: string,
  sources: readonly string[] = [],
  includes: readonly string[] = [],
): CompiledProgram {
  const directory = mkdtempSync(join(tmpdir(), "polyloop-compiled-"));
  const remove = (): void => {
    rmSync(directory, { recursive: true });
  };
  const output = join(directory, "program");
  const headers = [...includes, ...["include", "testing/fixtures"].map((path) => join(packages, "sys", path))].map(
    (path) => `-I${path}`,
  );
  const options = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pthread", ...headers, "-o", output];
  const { status, stderr } = spawnSync("c++", [...options, program, ...sources], { encoding: "utf8" });
  if (status !== 0) {
    remove();
    throw new Error(stderr);
  }
  return {
    run(...details) {
      const ended = spawnSync(output, details, { encoding: "utf8", timeout: 60_000 });
      return { status: ended.status, signal: ended.signal, stdout: ended.stdout, stderr: ended.stderr };
    },
    remove,
  };
}

/** Runs a C++ program that was made together with the native code of a package: sources of a directory, without Node.js. */
export function runNative(program: string, directory: string, sources: readonly string[]): Ending {
  const paths = sources.map((source) => join(directory, `${source}.cc`));
  const made = compiled(program, paths, [directory]);
  try {
    return made.run();
  } finally {
    made.remove();
  }
}
