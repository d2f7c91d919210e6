import { fstatSync } from "node:fs";
import { ERROR, type Events, HANGUP, type Interest, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { bent, type Flaw, passing, telling } from "./bent.js";

/** A one-shot that was used up is never armed again. */
export const neverRearms: Flaw = telling(() => ({ rearm: () => undefined }));

/** What the last poll told is told again. */
export const repeatsItself: Flaw = bent((inner) => {
  let last: [fd: number, events: Events][] = [];
  return {
    poll(timeout, sink) {
      const before = last;
      last = [];
      const ready = (fd: number, events: Events): void => {
        last.push([fd, events]);
        sink.ready(fd, events);
      };
      inner.poll(before.length > 0 ? 0 : timeout, { ...passing(sink), ready });
      for (const [fd, events] of before) sink.ready(fd, events);
    },
  };
});

/** Level-triggered readiness is told once, as if it were an edge. */
export const tellsReadinessOnce: Flaw = bent((inner) => {
  let last = new Map<number, Events>();
  return {
    poll(timeout, sink) {
      const before = last;
      last = new Map();
      const ready = (fd: number, events: Events): void => {
        last.set(fd, events);
        if (before.get(fd) !== events) sink.ready(fd, events);
      };
      inner.poll(timeout, { ...passing(sink), ready });
    },
  };
});

/** What is new is said to be ready, for it may be. */
export const guesses: Flaw = bent((inner) => {
  const fresh = new Set<number>();
  return {
    modify(fd, from, to) {
      if (to === 0) fresh.delete(fd);
      else fresh.add(fd);
      inner.modify(fd, from, to);
    },
    poll(timeout, sink) {
      inner.poll(fresh.size > 0 ? 0 : timeout, sink);
      for (const fd of fresh) sink.ready(fd, READ);
      fresh.clear();
    },
  };
});

/** That there is an error is not told. */
export const hidesErrors: Flaw = telling((sink) => ({ ready: (fd, events) => sink.ready(fd, events & ~ERROR) }));

/** That the other side hung up is not told. */
export const hidesHangups: Flaw = telling((sink) => ({ ready: (fd, events) => sink.ready(fd, events & ~HANGUP) }));

/** Who waits for READ or WRITE is not called when the other side hangs up or an error occurs. */
export const tellsOnlyInformation: Flaw = telling((sink) => ({
  ready: (fd, events) => sink.ready(fd, (events & (ERROR | HANGUP)) === 0 ? events : events & ~(READ | WRITE)),
}));

/** Of several bits the first is told. */
export const tellsOneBit: Flaw = telling((sink) => ({
  ready: (fd, events) => sink.ready(fd, (events & READ) === 0 ? events : events & ~WRITE),
}));

/** Urgent data makes a descriptor readable. */
export const takesPriorityForRead: Flaw = telling((sink) => ({
  ready: (fd, events) => sink.ready(fd, (events & PRIORITY) === 0 ? events : events | READ),
}));

/** Only the first ready descriptor is told, and it is always the same. */
export const starves: Flaw = bent((inner) => ({
  poll(timeout, sink) {
    let told = false;
    const ready = (fd: number, events: Events): void => {
      if (!told) sink.ready(fd, events);
      told = true;
    };
    inner.poll(timeout, { ...passing(sink), ready });
  },
}));

/** What one descriptor has is told of the one that was watched before it. */
export const mistakesNumbers: Flaw = bent((inner) => {
  const wanted = new Map<number, Interest>();
  const other = (fd: number): number => {
    const numbers = [...wanted.keys()];
    return numbers[Math.max(0, numbers.indexOf(fd) - 1)] as number;
  };
  return {
    modify(fd, from, to) {
      if (to === 0) wanted.delete(fd);
      else wanted.set(fd, to);
      inner.modify(fd, from, to);
    },
    poll: (timeout, sink) =>
      inner.poll(timeout, { ...passing(sink), ready: (fd, events) => sink.ready(other(fd), events) }),
  };
});

/** A regular file is left out, because the kernel interface refuses it. */
export const leavesOutFiles: Flaw = telling((sink) => ({
  ready(fd, events) {
    if (!isFile(fd)) sink.ready(fd, events);
  },
}));

/** A regular file is an error, because the kernel interface refuses it. */
export const failsFiles: Flaw = telling((sink, inner) => ({
  ready(fd, events) {
    if (isFile(fd)) {
      inner.modify(fd, 0, 0);
      sink.failed(fd, 1);
    } else {
      sink.ready(fd, events);
    }
  },
}));

/** The kernel's answer as it came. */
export const failsWithNegativeErrno: Flaw = telling((sink) => ({ failed: (fd, errno) => sink.failed(fd, -errno) }));

/** One bad descriptor ends the loop. */
export const throwsInPoll: Flaw = telling(() => ({
  failed(fd) {
    throw new Error(`poll: descriptor ${String(fd)} is bad`);
  },
}));

/** A number that failed once is bad for ever. */
export const neverForgives: Flaw = bent((inner) => {
  const bad = new Set<number>();
  return {
    modify(fd, from, to) {
      if (!bad.has(fd)) inner.modify(fd, from, to);
    },
    poll(timeout, sink) {
      const failed = (fd: number, errno: number): void => {
        bad.add(fd);
        sink.failed(fd, errno);
      };
      inner.poll(timeout, { ...passing(sink), failed });
    },
  };
});

/** A closed descriptor is told to nobody and forgotten. */
export const swallowsFailures: Flaw = telling(() => ({ failed: () => undefined }));

/** A closed descriptor is told to nobody, stays watched and ends every wait. */
export const spinsOnClosed: Flaw = telling((_sink, inner) => ({ failed: (fd) => inner.modify(fd, 0, READ) }));

/** What the last poll found is told when the next change comes. */
export const usesOldSink: Flaw = bent((inner) => {
  let tellLater = (): void => undefined;
  return {
    modify(fd, from, to) {
      tellLater();
      inner.modify(fd, from, to);
    },
    poll(timeout, sink) {
      const ready = (fd: number, events: Events): void => {
        sink.ready(fd, events);
        tellLater = () => sink.ready(fd, events);
      };
      inner.poll(timeout, { ...passing(sink), ready });
    },
  };
});

function isFile(fd: number): boolean {
  return fstatSync(fd).isFile();
}

/** What becomes ready is told four polls later. */
export const tellsLate: Flaw = bent((inner) => {
  const polls = new Map<number, number>();
  return {
    poll(timeout, sink) {
      const seen = new Set<number>();
      const ready = (fd: number, events: Events): void => {
        seen.add(fd);
        const before = polls.get(fd) ?? 0;
        polls.set(fd, before + 1);
        if (before >= 4) sink.ready(fd, events);
      };
      inner.poll(timeout, { ...passing(sink), ready });
      for (const fd of polls.keys()) if (!seen.has(fd)) polls.delete(fd);
    },
  };
});
