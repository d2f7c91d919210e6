import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A system call that a program made. */
export interface TracedCall {
  readonly name: string;
  /** Its first argument, with what a descriptor stands for: `"5<anon_inode:[eventfd]>"`. */
  readonly first: string;
  /** Whether the thread made it that makes the marks. */
  readonly marked: boolean;
}

/**
 * System calls of these names that a program made under strace, by the mark before them: a program marks what follows with
 * `mkdir("/proc/polyloop-NAME")`; what comes before any mark is under `"start"`. Where they cannot be seen, why.
 */
export function traced(program: string, names: readonly string[]): Map<string, TracedCall[]> | string {
  const directory = mkdtempSync(join(tmpdir(), "polyloop-trace-"));
  try {
    const output = join(directory, "trace");
    // An architecture that lacks one of them has its relative.
    const calls = [...names, "mkdir"].map((name) => `?${name}`).join(",");
    const options = ["-f", "-y", "-qq", "-o", output, "-e", `trace=${calls}`];
    // Whatever is traced is not of the event loop that Node.js has itself.
    const env = { ...process.env, UV_USE_IO_URING: "0" };
    const result = spawnSync("strace", [...options, process.execPath, program], {
      encoding: "utf8",
      timeout: 60_000,
      env,
    });
    if (result.error !== undefined) return result.error.message;
    if (result.status !== 0) {
      if (/ptrace|PTRACE|Operation not permitted/.test(result.stderr)) return result.stderr.trim();
      throw new Error(result.stderr);
    }
    return byMark(readFileSync(output, "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function byMark(lines: string): Map<string, TracedCall[]> {
  const thread = /^(\d+) +mkdir\("\/proc\/polyloop-/m.exec(lines)?.[1];
  let calls: TracedCall[] = [];
  const marks = new Map([["start", calls]]);
  for (const line of lines.split("\n")) {
    const [, caller, name, first] = /^(\d+) +(\w+)\(([^,)]*)/.exec(line) ?? [];
    if (name === undefined) continue;
    const mark = name === "mkdir" ? /^"\/proc\/polyloop-(\w+)"/.exec(first as string)?.[1] : undefined;
    if (mark !== undefined) marks.set(mark, (calls = []));
    else if (name !== "mkdir") calls.push({ name, first: first as string, marked: caller === thread });
  }
  return marks;
}
