import { BenchError } from "./errors.js";
import type { Values, Workload } from "./workload.js";
import { grow } from "./workloads/grow.js";
import { ready } from "./workloads/ready.js";
import { ring } from "./workloads/ring.js";

/** All of them, in the order in which help names them. */
export const workloads: readonly Workload[] = [ring, ready, grow];

/** Descriptors a process has besides the workload's own: its streams, its loop, what Node keeps open. */
const RESERVED = 64;

export function findWorkload(name: string | undefined): Workload {
  const found = workloads.find((workload) => workload.name === name);
  if (found !== undefined) return found;
  const names = workloads.map((workload) => workload.name).join(", ");
  throw new BenchError(`there is no workload "${String(name)}"`, `Choose one of ${names}`);
}

/** Refuses values for which the machine has not enough descriptors. */
export function requireDescriptors(workload: Workload, values: Values, limit: number): void {
  const needed = workload.descriptors(values) + RESERVED;
  if (needed <= limit) return;
  const given = Object.entries(values).map(([name, value]) => `--${name} ${String(value)}`);
  throw new BenchError(
    `${workload.name} ${given.join(" ")} needs ${String(needed)} descriptors and a process here may have ${String(limit)}`,
    "Use smaller values, or raise the limit: ulimit -Hn",
  );
}
