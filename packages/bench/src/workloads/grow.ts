import { performance } from "node:perf_hooks";
import { type IoWatcher, type Loop, READ } from "@polyloop/loop-core";
import { eventfd, write } from "@polyloop/sys";
import { BenchError } from "../errors.js";
import type { Workload } from "../workload.js";

/** How many of the watchers are tried afterwards: as many whatever the size, so that system calls per watcher are right. */
const TRIED = 100;

/** A loop that gets more and more to watch: what making room for it costs, and how long a turn it takes. */
export const grow: Workload<"count" | "step"> = {
  name: "grow",
  about: "a fresh loop gets N idle eventfds to watch, so many more before each turn",
  unit: "watcher",
  parameters: {
    count: { about: "watchers in the end", default: 15_000, lowest: 1, usual: [1000, 15_000] },
    step: { about: "watchers added before each turn", default: 1, lowest: 1, usual: [1, 100, 15_000] },
  },
  peers: [],

  descriptors: ({ count }) => count,
  events: ({ count }) => count,

  program(loop, { step }, meter) {
    const descriptors = Array.from({ length: meter.span.events }, openIdle);
    const called = new Set<number>();
    const onReadable = (watcher: IoWatcher) => {
      called.add(watcher.fd);
      watcher.stop();
    };
    return () => {
      const turns: number[] = [];
      meter.begin();
      for (let added = 0; added < descriptors.length; added += step) {
        for (const fd of descriptors.slice(added, added + step)) loop.io(fd, READ, onReadable);
        const began = performance.now();
        loop.run("nowait");
        turns.push(Math.round((performance.now() - began) * 1e6) / 1e6);
      }
      while (!meter.tick());
      requireCalls(loop, descriptors, called);
      return turns;
    };
  },
};

/** A loop that is fast because it forgot some of its watchers has no result. */
function requireCalls(loop: Loop, descriptors: readonly number[], called: ReadonlySet<number>): void {
  const distance = Math.ceil(descriptors.length / TRIED);
  const tried = descriptors.filter((_, index) => (descriptors.length - 1 - index) % distance === 0);
  for (const fd of tried) write(fd, ONE);
  for (let turn = 0; turn < 10 * TRIED && called.size < tried.length; turn++) loop.run("nowait");
  const lost = tried.length - called.size;
  if (lost > 0) throw new BenchError(`${String(lost)} of ${String(tried.length)} watchers that were tried do not call`);
}

/** What an eventfd takes to be readable. */
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

function openIdle(): number {
  const fd = eventfd(0);
  if (fd < 0) throw new BenchError("no more eventfds can be opened", "Use a smaller --count, or raise ulimit -n");
  return fd;
}
