import { READ } from "@polyloop/loop-core";
import { eventfd } from "@polyloop/sys";
import { BenchError } from "../errors.js";
import type { Workload } from "../workload.js";

/** Descriptors that are always ready and callbacks that only count: what is left is the loop itself. */
export const ready: Workload<"count"> = {
  name: "ready",
  about: "K eventfds that are always ready; the callback does nothing but count",
  unit: "event",
  parameters: {
    count: { about: "eventfds", default: 256, lowest: 1, usual: [1, 16, 256] },
  },
  peers: ["bare", "libev", "libuv"],

  descriptors: ({ count }) => count,

  program(loop, { count }, meter) {
    for (let index = 0; index < count; index++) {
      const fd = eventfd(1);
      if (fd < 0) throw new BenchError("no more eventfds can be opened", "Use a smaller --count, or raise ulimit -n");
      loop.io(fd, READ, () => {
        if (meter.tick()) loop.break();
      });
    }
  },
};
