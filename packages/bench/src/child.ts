/**
 * The TypeScript side of a round, a process of its own: `child.js <workload> backend=<name> <parameter>=<value> …`, the
 * arguments that the C programs take, and `edge=1`. Prints one line of JSON.
 */
import { createLoop } from "@polyloop/loop-core";
import { messageOf } from "./errors.js";
import { Meter } from "./meter.js";
import { perform } from "./workload.js";
import { findWorkload } from "./workloads.js";

async function main(name: string | undefined, settings: readonly string[]): Promise<void> {
  const given = new Map(settings.map((setting) => setting.split("=", 2) as [string, string]));
  const number = (key: string): number => {
    const value = Number(given.get(key));
    if (!Number.isInteger(value)) throw new Error(`${key}=… is missing`);
    return value;
  };
  const workload = findWorkload(name);
  const values = Object.fromEntries(Object.keys(workload.parameters).map((key) => [key, number(key)]));
  const loop = await createLoop({ backend: given.get("backend"), strict: true });
  const edge = given.get("edge") === "1";
  if (edge && !loop.backend.supports.edge) throw new Error(`the ${loop.backend.name} backend has no edges`);
  const meter = new Meter({ warm: number("warm"), measure: number("measure"), events: number("events") });
  console.log(JSON.stringify(perform(workload, loop, values, meter, edge)));
}

try {
  await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
