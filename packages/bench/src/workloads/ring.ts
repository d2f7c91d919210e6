import { type IoWatcher, READ } from "@polyloop/loop-core";
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
  hasEdges: true,

  descriptors: ({ pipes }) => 2 * pipes,

  program(loop, { pipes, active }, meter, edge) {
    // Who is told of an edge has to take all that is there. A pipe that a token overtakes has more than one.
    const bytes = new Uint8Array(edge ? MOST : 1);
    const ends = Array.from({ length: pipes }, openPipe);
    ends.forEach(([reader], index) => {
      const [, next] = ends[(index + 1) % pipes] as Ends;
      const onReadable = ({ fd }: IoWatcher): void => {
        const count = read(fd, bytes, 0, bytes.length);
        // An edge may be one that the callback before has seen to already.
        if (edge && count === -EAGAIN) return;
        if (count < 1 || write(next, bytes, 0, count) !== count) throw new BenchError("the ring is torn");
        if (meter.tick()) loop.break();
      };
      loop.io(reader, READ, onReadable, { edge });
    });
    for (let token = 0; token < active; token++) {
      const [, writer] = ends[Math.floor((token * pipes) / active)] as Ends;
      if (write(writer, bytes, 0, 1) !== 1)
        throw new BenchError("the first pipe takes no more tokens", "Use a smaller --active");
    }
  },
};

/** As many as a pipe holds. */
const MOST = 65536;

const EAGAIN = 11;

type Ends = readonly [reader: number, writer: number];

function openPipe(): Ends {
  const ends = new Int32Array(2);
  if (pipe(ends) < 0) throw new BenchError("no more pipes can be opened", "Use a smaller --pipes, or raise ulimit -n");
  return [ends[0] as number, ends[1] as number];
}
