import { type Capabilities, EDGE, type Events, PRIORITY } from "@polyloop/loop-core";
import { close, eventfd } from "@polyloop/sys";
import { bent, type Flaw, passing, telling } from "./bent.js";

function claiming(lie: Partial<Capabilities>): Flaw {
  return bent((inner) => ({ supports: { ...inner.supports, ...lie } }));
}

/** It waits for whole milliseconds, rounded up, and says that it waits more finely. */
export const claimsPreciseTimeouts: Flaw = bent((inner) => ({
  poll: (timeout, sink) => inner.poll(Math.ceil(timeout), sink),
}));

/** It waits as finely as the kernel and says that it does not. */
export const hidesPreciseTimeouts = claiming({ preciseTimeouts: false });

/** It reports urgent data and says that it does not. */
export const hidesPriority = claiming({ priority: false });

/** It does not report urgent data and says that it does. */
export const claimsPriority: Flaw = telling((sink) => ({ ready: (fd, events) => sink.ready(fd, events & ~PRIORITY) }));

/** It says that it is edge-triggered and reports levels. */
export const claimsEdge: Flaw = bent((inner) => ({
  supports: { ...inner.supports, edge: true },
  modify: (fd, from, to) => inner.modify(fd, from & ~EDGE, to & ~EDGE),
}));

/** It is edge-triggered where it is asked to be, and says that it cannot. */
export const hidesEdge: Flaw = bent((inner) => {
  const edges = new Map<number, boolean>();
  return {
    modify(fd, from, to) {
      if ((to & EDGE) === 0) edges.delete(fd);
      else edges.set(fd, false);
      inner.modify(fd, from & ~EDGE, to & ~EDGE);
    },
    poll(timeout, sink) {
      const ready = (fd: number, events: Events): void => {
        if (edges.get(fd) !== true) sink.ready(fd, events);
        if (edges.has(fd)) edges.set(fd, true);
      };
      inner.poll(timeout, { ...passing(sink), ready });
    },
  };
});

/** It says that it can be polled and has no descriptor. */
export const claimsPollable = claiming({ pollable: true });

/** It says that it can be polled, and has a descriptor that never becomes readable. */
export const claimsPollableWithDeafDescriptor: Flaw = bent((inner) => {
  const fd = eventfd();
  return {
    fd,
    supports: { ...inner.supports, pollable: true },
    close() {
      close(fd);
      inner.close();
    },
  };
});

/** It has a descriptor and says that nobody can poll it. */
export const hidesDescriptor: Flaw = (sound) => {
  const pollable = claimsPollableWithDeafDescriptor(sound);
  return claiming({ pollable: false })(pollable);
};

/** Its manifest is another one once it has polled a few times. */
export const changesItsMind: Flaw = bent((inner) => {
  let polls = 0;
  return {
    get supports() {
      return polls > 2 ? { ...inner.supports, priority: false } : inner.supports;
    },
    poll(timeout, sink) {
      polls++;
      inner.poll(timeout, sink);
    },
  };
});

/** It goes by another name than its factory. */
export const goesByAnotherName: Flaw = bent(() => ({ name: "select" }));
