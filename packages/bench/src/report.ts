import Table from "cli-table3";
import type { Report, SideReport } from "./benchmark.js";
import type { Machine } from "./machine.js";
import type { Spread } from "./statistics.js";
import type { SystemCalls } from "./system-calls.js";
import type { Values } from "./workload.js";

/** Writes a report for people: what was measured, a table, who is missing, and how to do it again. */
export function formatReport(report: Report): string {
  const { plan, unit } = report;
  const lines = [
    `${report.workload} ${formatValues(report.values)}: ns per ${unit}, ${String(plan.rounds)} rounds in turns of ${formatSpan(report)}`,
    formatMachine(report.machine),
    formatTable(report),
    ...formatTurns(report),
    ...report.absent.map(
      ({ name, reason, remedy }) => `missing: ${name}: ${reason}${remedy === undefined ? "" : `: ${remedy}`}`,
    ),
  ];
  if (report.noSystemCalls !== undefined) lines.push(`system calls not counted: ${report.noSystemCalls}`);
  lines.push(`again: ${report.command}`);
  return lines.join("\n");
}

export function formatValues(values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

function formatSpan({ span: { warm, measure, events }, unit }: Report): string {
  if (events > 0) return `${String(events)} ${unit}s each, without a warm-up`;
  return `${String(measure)} ms after ${String(warm)} ms of warm-up`;
}

function formatMachine({ kernel, cpu, cpus, node, load }: Machine): string {
  return `Linux ${kernel}, ${String(cpus)} × ${cpu}, Node.js ${node}, load ${load.toFixed(2)} before`;
}

function formatTable(report: Report): string {
  const table = new Table({
    head: [
      "side",
      `ns/${report.unit}`,
      "min..max",
      "ratio",
      "min..max",
      "to",
      `CPU ns/${report.unit}`,
      "CPU ratio",
      `system calls/${report.unit}`,
    ],
    colAligns: ["left", "right", "right", "right", "right", "left", "right", "right", "left"],
    // Reports end in files and notes, where colours are noise.
    style: { head: [], border: [], compact: true },
  });
  for (const side of report.sides) table.push(formatSide(side));
  return table.toString();
}

/** A second table, of those sides whose rounds told of their turns. */
function formatTurns(report: Report): string[] {
  const sides = report.sides.flatMap(({ name, turns }) => (turns === undefined ? [] : [{ name, turns }]));
  if (sides.length === 0) return [];
  const table = new Table({
    head: ["turns, ms", "median", "longest", "min..max", "in every round", "turn", "beyond", "turn", "of"],
    colAligns: ["left", "right", "right", "right", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, turns } of sides) {
    const { median, longest, everyRound, beyond } = turns;
    const others =
      beyond === undefined || beyond.to === name
        ? ["", "", ""]
        : [milliseconds(beyond.ms), String(beyond.turn), beyond.to];
    const own = [milliseconds(median.median), milliseconds(longest.median), range(longest, milliseconds)];
    table.push([name, ...own, milliseconds(everyRound.ms), String(everyRound.turn), ...others]);
  }
  return [table.toString()];
}

function formatSide({ name, ns, cpuNs, ratio, systemCalls }: SideReport): string[] {
  const compared =
    ratio === undefined || ratio.to === name
      ? ["", "", ""]
      : [times(ratio.ns.median), range(ratio.ns, times), ratio.to];
  const cpuRatio = ratio === undefined || ratio.to === name ? "" : times(ratio.cpuNs.median);
  return [name, whole(ns.median), range(ns, whole), ...compared, whole(cpuNs.median), cpuRatio, calls(systemCalls)];
}

function range({ lowest, highest }: Spread, format: (value: number) => string): string {
  return `${format(lowest)}..${format(highest)}`;
}

function whole(value: number): string {
  return value.toFixed(0);
}

function milliseconds(value: number): string {
  return value.toFixed(3);
}

function times(value: number): string {
  return value.toFixed(2);
}

function calls(counted: SystemCalls | undefined): string {
  if (counted === undefined) return "";
  const names = Object.entries(counted.byName)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([name, perEvent]) => `${name} ${perEvent.toFixed(3)}`);
  return `${counted.perEvent.toFixed(3)} (${names.join(", ")})`;
}
