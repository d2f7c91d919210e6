#!/usr/bin/env node
import { descriptorLimit } from "@polyloop/sys";
import { benchmark, type Report } from "./benchmark.js";
import { type Actions, commandLine, type MeasureOptions, type ValueLists } from "./command-line.js";
import { BenchError } from "./errors.js";
import { describeMachine } from "./machine.js";
import { peers, sourceDirectory } from "./peers.js";
import { profile } from "./profile.js";
import { formatReport } from "./report.js";
import { allSides, chooseSides } from "./sides.js";
import type { Values, Workload } from "./workload.js";
import { requireDescriptors } from "./workloads.js";

const actions: Actions = {
  async measure(workload, lists, options) {
    const all = allSides(workload);
    const sides = chooseSides(all, options.side);
    if (options.baseline !== undefined) chooseSides(sides, [options.baseline]);
    const combinations = combine(lists);
    for (const values of combinations) requireDescriptors(workload, values, descriptorLimit());
    const { rounds, warm, measure, baseline, strace } = options;
    const machine = describeMachine();
    const reports: Report[] = [];
    for (const values of combinations) {
      const command = commandFor(workload, values, options);
      const context = { machine, command, progress: showProgress(rounds) };
      reports.push(await benchmark(workload, values, sides, { rounds, warm, measure, baseline, strace }, context));
      hideProgress();
      if (!options.json) console.log(formatReport(reports.at(-1) as Report));
    }
    if (options.json) console.log(JSON.stringify(reports, undefined, 2));
    if (reports.some((report) => report.sides.length === 0)) throw new BenchError("no side could be measured");
  },

  profile(workload, lists, { with: tool, backend, measure }) {
    for (const values of combine(lists)) {
      requireDescriptors(workload, values, descriptorLimit());
      profile(tool, { workload, values, backend, measure });
    }
  },
};

/** Every combination of the values given. */
function combine(lists: ValueLists): Values[] {
  let combinations: Values[] = [{}];
  for (const [name, values] of Object.entries(lists)) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return combinations;
}

function commandFor(workload: Workload, values: Values, options: MeasureOptions): string {
  const { rounds, warm, measure, side, baseline } = options;
  const times = workload.events === undefined ? { warm, measure } : {};
  const given: (readonly [string, string | number])[] = [
    ...Object.entries({ ...values, rounds, ...times }),
    ...side.map((name) => ["side", name] as const),
  ];
  if (baseline !== undefined) given.push(["baseline", baseline]);
  const command = ["npm run bench --", workload.name, ...given.map(([name, value]) => `--${name} ${String(value)}`)];
  if (!options.strace) command.push("--no-strace");
  return [...librarySources(workload), ...command].join(" ");
}

/** Which libraries are built from source, as the environment says it. */
function librarySources(workload: Workload): string[] {
  return peers.flatMap((peer) => {
    const directory = workload.peers.includes(peer.name) ? sourceDirectory(peer) : undefined;
    return directory === undefined ? [] : [`${peer.source?.variable ?? ""}=${directory}`];
  });
}

function showProgress(rounds: number): (round: number, side: string) => void {
  return (round, side) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kround ${String(round)} of ${String(rounds)}: ${side}`);
  };
}

function hideProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

try {
  await commandLine(actions).parseAsync();
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`bench: ${error.message}${error.remedy === undefined ? "" : `\n${error.remedy}`}`);
  process.exitCode = 1;
}
