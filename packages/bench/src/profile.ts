import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./errors.js";
import { formatHotSpots, hotSpots } from "./hot-spots.js";
import { packageRoot } from "./package-root.js";
import { CHILD } from "./sides.js";
import { spanOf, type Values, type Workload } from "./workload.js";

/** Ways to look at the TypeScript side. */
export const tools = ["cpu-prof", "perf", "trace-gc"] as const;
export type Tool = (typeof tools)[number];

/** What to profile. */
export interface Subject {
  readonly workload: Workload;
  readonly values: Values;
  readonly backend: string;
  /** Milliseconds. */
  readonly measure: number;
}

const OUTPUT = join(packageRoot, "build", "profiles");

/** Runs the TypeScript side once under a tool and prints what it found, or how to look at it. */
export function profile(tool: Tool, subject: Subject): void {
  mkdirSync(OUTPUT, { recursive: true });
  const name = `${subject.workload.name}-${subject.backend}`;
  const child = childArguments(subject);
  if (tool === "trace-gc") {
    execute(process.execPath, ["--trace-gc", ...child]);
  } else if (tool === "cpu-prof") {
    const file = `${name}.cpuprofile`;
    const flags = ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${OUTPUT}`, `--cpu-prof-name=${file}`];
    execute(process.execPath, [...flags, ...child]);
    console.log(formatHotSpots(hotSpots(readFileSync(join(OUTPUT, file), "utf8")).slice(0, 20)));
    console.log(`look closer: open ${join(OUTPUT, file)} in the performance panel of Chrome's developer tools`);
  } else {
    const file = join(OUTPUT, `${name}.perf`);
    // Frame pointers are what V8 keeps; a call graph made of anything else ends at the first JavaScript frame.
    const record = ["record", "-F", "4000", "-g", "--call-graph=fp", "-o", file, "--", process.execPath];
    execute("perf", [...record, "--perf-basic-prof", ...child], "apt-get install linux-perf");
    console.log(`look at it: perf report -i ${file} --no-children`);
  }
}

function childArguments({ workload, values, backend, measure }: Subject): string[] {
  const given = { backend, ...values, ...spanOf(workload, values, 500, measure) };
  return [CHILD, workload.name, ...Object.entries(given).map(([key, value]) => `${key}=${String(value)}`)];
}

function execute(file: string, args: readonly string[], install?: string): void {
  const { error, status } = spawnSync(file, args, { stdio: "inherit" });
  if (error !== undefined) throw new BenchError(`${file} could not be run: ${error.message}`, install);
  if (status !== 0) throw new BenchError(`${file} ended with ${String(status)}`);
}
