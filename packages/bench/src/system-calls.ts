import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BenchError } from "./errors.js";
import { type Contestant, noResult, PATIENCE_MS, settings } from "./rounds.js";
import type { Values } from "./workload.js";

/** System calls for each event: all of them, and by name those that matter. */
export interface SystemCalls {
  readonly perEvent: number;
  readonly byName: Readonly<Record<string, number>>;
}

const SHORT = 1000;
const LONG = 11_000;
/** Rarer calls are left out by name: a runtime's threads make some now and then. */
const RARE = 0.001;

/**
 * Counts a side's system calls under `strace -c -f`, in runs of their own because tracing takes longer than the work. The
 * difference between a short and a long run leaves out what starting and ending takes.
 */
export function countSystemCalls(contestant: Contestant, values: Values, strace = "strace"): SystemCalls {
  const short = trace(contestant, values, SHORT, strace);
  const long = trace(contestant, values, LONG, strace);
  const byName: Record<string, number> = {};
  let total = 0;
  for (const [name, calls] of long) {
    const perEvent = (calls - (short.get(name) ?? 0)) / (LONG - SHORT);
    total += perEvent;
    if (perEvent >= RARE) byName[name] = perEvent;
  }
  return { perEvent: total, byName };
}

function trace({ side, command }: Contestant, values: Values, events: number, strace: string): Map<string, number> {
  const directory = mkdtempSync(join(tmpdir(), "polyloop-bench-"));
  const summary = join(directory, "summary");
  try {
    const args = [
      "-c",
      "-f",
      "-o",
      summary,
      "--",
      ...command,
      ...settings(side, values, { warm: 0, measure: 0, events }),
    ];
    // SIGTERM: strace hands it on to the program that it runs.
    const { error, status, stderr } = spawnSync(strace, args, { encoding: "utf8", timeout: PATIENCE_MS });
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT")
      throw new BenchError(`strace could not trace ${side.name}: ${noResult(PATIENCE_MS)}`);
    if (error !== undefined) throw new BenchError("strace is not installed", "apt-get install strace");
    if (status !== 0) throw new BenchError(`strace could not trace ${side.name}: ${stderr.trim()}`);
    return parseSummary(readFileSync(summary, "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Reads the table of `strace -c`: % time, seconds, usecs/call, calls, errors (may be empty), name. */
export function parseSummary(table: string): Map<string, number> {
  const calls = new Map<string, number>();
  for (const line of table.split("\n")) {
    const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)\s*$/.exec(line);
    if (match?.[2] !== undefined && match[2] !== "total") calls.set(match[2], Number(match[1]));
  }
  return calls;
}
