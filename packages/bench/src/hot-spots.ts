import { basename } from "node:path";
import Table from "cli-table3";

/** A function and its share of the time, without what it called. */
export interface HotSpot {
  readonly name: string;
  readonly place: string;
  readonly share: number;
}

/** The parts of a .cpuprofile that are read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions of a .cpuprofile, the most expensive first. */
export function hotSpots(json: string): HotSpot[] {
  const { nodes, samples, timeDeltas } = JSON.parse(json) as CpuProfile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, { name: string; place: string; time: number }>();
  let total = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const time = timeDeltas[index] ?? 0;
    if (frame === undefined) return;
    const name = frame.functionName === "" ? "(anonymous)" : frame.functionName;
    const place = frame.url === "" ? "" : `${basename(frame.url)}:${String(frame.lineNumber + 1)}`;
    const key = `${name} ${place}`;
    const spot = times.get(key) ?? { name, place, time: 0 };
    spot.time += time;
    total += time;
    times.set(key, spot);
  });
  return [...times.values()]
    .sort((a, b) => b.time - a.time)
    .map(({ name, place, time }) => ({ name, place, share: time / total }));
}

export function formatHotSpots(spots: readonly HotSpot[]): string {
  const table = new Table({
    head: ["own time", "function", "at"],
    colAligns: ["right", "left", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { share, name, place } of spots) table.push([`${(share * 100).toFixed(1)} %`, name, place]);
  return table.toString();
}
