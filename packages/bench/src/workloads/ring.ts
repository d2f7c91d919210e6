import { READ } from "@polyloop/loop-core";
import { pipe, read, write } from "@polyloop/sys";
import { BenchError } from "../errors.js";
import type { Workload } from "../workload.js";

/** Bytes that travel round a ring of pipes: what a loop costs when each event has the usual two system calls. */
export const ring: Workload<"pipes" | "active"> = {
  name: "ring",
  about: "N pipes in a ring and A tokens; each event reads one byte and writes one into the next pipe",
  unit: "event",
  parameters: {
    pipes: { about: "pipes in the ring", default: 1000, lowest: 1, usual: [100, 1000, 9800] },
    active: { about: "bytes on their way round it", default: 100, lowest: 1, usual: [1, 100, 1000] },
  },
  peers: ["bare", "libev", "libuv"],

  descriptors: ({ pipes }) => 2 * pipes,

  program(loop, { pipes, active }, meter) {
    const byte = new Uint8Array(1);
    const ends = Array.from({ length: pipes }, openPipe);
    ends.forEach(([reader], index) => {
      const [, next] = ends[(index + 1) % pipes] as Ends;
      loop.io(reader, READ, (watcher) => {
        if (read(watcher.fd, byte, 0, 1) !== 1 || write(next, byte, 0, 1) !== 1)
          throw new BenchError("the ring is torn");
        if (meter.tick()) loop.break();
      });
    });
    for (let token = 0; token < active; token++) {
      const [, writer] = ends[Math.floor((token * pipes) / active)] as Ends;
      if (write(writer, byte) !== 1)
        throw new BenchError("the first pipe takes no more tokens", "Use a smaller --active");
    }
  },
};

type Ends = readonly [reader: number, writer: number];

function openPipe(): Ends {
  const ends = new Int32Array(2);
  if (pipe(ends) < 0) throw new BenchError("no more pipes can be opened", "Use a smaller --pipes, or raise ulimit -n");
  return [ends[0] as number, ends[1] as number];
}
