import { DescriptorMap, errnoCode, type Interest, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { eventfd, poll } from "@polyloop/sys";
import { bent, type Flaw, passing } from "./bent.js";

const POLLNVAL = 0x20;
const EBADF = 9;

/** Answers to requests that were taken back count as answers to the next one. */
export const movesNoGenerations: Flaw = (sound) => ({
  ...sound,
  create: (context) => sound.create({ ...context, generations: new Unmoved() }),
});

class Unmoved extends DescriptorMap {
  override increment(fd: number): number {
    return this.get(fd);
  }
}

/** What is watched already stays watched for the same. */
export const losesChangesOfInterest: Flaw = bent((inner) => ({
  modify(fd, from, to) {
    if (from === 0 || to === 0 || from === to) inner.modify(fd, from, to);
  },
}));

/** The number may stand for another file, which nobody looks at. */
export const neverLooksAgain: Flaw = bent((inner) => ({
  modify(fd, from, to) {
    if (from !== to) inner.modify(fd, from, to);
  },
}));

/** What was stopped is still watched: nobody gets it, and it ends the waits. */
export const keepsWatching: Flaw = bent((inner) => ({
  modify(fd, from, to) {
    if (to !== 0) inner.modify(fd, from, to);
  },
}));

/** The kernel hears of a change after the wait, not before it. */
export const handsChangesOverLate: Flaw = bent((inner) => {
  let recorded: [fd: number, from: Interest, to: Interest][] = [];
  return {
    modify: (...change) => void recorded.push(change),
    poll(timeout, sink) {
      inner.poll(timeout, sink);
      for (const change of recorded) inner.modify(...change);
      recorded = [];
    },
  };
});

/** One bad descriptor spoils what is handed over with it. */
export const losesTheRestOfABatch: Flaw = bent((inner) => {
  const recorded = new Map<number, Interest>();
  return {
    modify(fd, from, to) {
      recorded.set(fd, to);
      inner.modify(fd, from, to);
    },
    poll(timeout, sink) {
      const batch = [...recorded];
      recorded.clear();
      const failed = (bad: number, errno: number): void => {
        sink.failed(bad, errno);
        for (const [fd, to] of batch) inner.modify(fd, to, 0);
      };
      inner.poll(timeout, { ...passing(sink), failed });
    },
  };
});

/** A closed descriptor is an error of the call. */
export const throwsInModify: Flaw = bent((inner) => ({
  modify(fd, from, to) {
    const triple = Int32Array.of(fd, 0, 0);
    poll(triple, 0);
    if (triple[2] === POLLNVAL) throw new Error(`modify: ${errnoCode(EBADF)}`);
    inner.modify(fd, from, to);
  },
}));

/** As select(2): larger numbers do not fit. */
export const endsAtDescriptor1024: Flaw = bent((inner) => ({
  modify(fd, from, to) {
    if (fd < 1024) inner.modify(fd, from, to);
  },
}));

/** A table of a fixed size: whoever comes when it is full is not watched. */
export const watches1024AtMost: Flaw = bent((inner) => {
  const watched = new Set<number>();
  return {
    modify(fd, from, to) {
      if (to === 0) watched.delete(fd);
      else if (watched.size < 1024) watched.add(fd);
      if (to === 0 || watched.has(fd)) inner.modify(fd, from, to);
    },
  };
});

/** What is recorded is lost if it is handed over without a wait. */
export const losesWhatIsFlushed: Flaw = bent((inner) => {
  const recorded = new Set<number>();
  return {
    modify(fd, from, to) {
      recorded.add(fd);
      inner.modify(fd, from, to);
    },
    poll(timeout, sink) {
      recorded.clear();
      inner.poll(timeout, sink);
    },
    flush() {
      for (const fd of recorded) inner.modify(fd, READ, 0);
    },
  };
});

/** A table as high as the number. */
export const paysForHeight: Flaw = bent((inner) => {
  const table: Uint8Array[] = [];
  return {
    modify(fd, from, to) {
      table.push(new Uint8Array(fd * 4));
      inner.modify(fd, from, to);
    },
  };
});

/** Each change opens a descriptor that nothing closes. */
export const leaksPerChange: Flaw = bent((inner) => ({
  modify(fd, from, to) {
    eventfd();
    inner.modify(fd, from, to);
  },
}));

/** Urgent data is waited for as if any would do: a hang-up that nobody waits for ends every wait. */
export const waitsForMoreThanWanted: Flaw = bent((inner) => ({
  modify: (fd, from, to) => inner.modify(fd, from, (to & PRIORITY) === 0 ? to : to | READ),
}));

/** Urgent data is left out where room to write is wanted, too. */
export const dropsPriorityBesideWrite: Flaw = bent((inner) => ({
  modify: (fd, from, to) => inner.modify(fd, from, (to & WRITE) === 0 ? to : to & ~PRIORITY),
}));
