import { poll } from "@polyloop/sys";
import type { Backend, BackendFactory, Sink } from "../src/backend.js";
import { BackendFailure, errnoCode } from "../src/errors.js";
import { ERROR, type Events, HANGUP, type Interest, PRIORITY, READ, WRITE } from "../src/events.js";

const [POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL] = [1, 2, 4, 8, 16, 32];
const [EINTR, EBADF] = [4, 9];
const LONGEST_WAIT = 2 ** 31; // milliseconds; a wait may end early, and core asks again

/** A backend on poll(2), which every Linux has: correct and simple, and slow with many descriptors. */
export function pollBackend(): BackendFactory {
  return { name: "poll", probe: () => ({ ok: true, features: [] }), create: () => new PollBackend() };
}

class PollBackend implements Backend {
  readonly name = "poll";
  readonly fd = -1; // poll(2) keeps nothing in the kernel: there is nothing that another poller could wait for
  readonly supports = { preciseTimeouts: true, edge: false, priority: true, pollable: false };
  private readonly wanted = new Map<number, Interest>();
  private table: Int32Array | null = null; // triples of descriptor, what is asked, what was answered

  modify(fd: number, _from: Interest, to: Interest): void {
    if (to === 0) this.wanted.delete(fd);
    else this.wanted.set(fd, to);
    this.table = null; // built anew by the next poll, once, however many changes there are
  }

  poll(timeout: number, sink: Sink): void {
    const table = (this.table ??= Int32Array.from([...this.wanted].flatMap(([fd, to]) => [fd, toPoll(to), 0])));
    const count = poll(table, Math.min(timeout, LONGEST_WAIT));
    if (count === -EINTR) return; // a signal; core looks at the time and asks again
    if (count < 0) throw new BackendFailure(`poll failed with ${errnoCode(count)}`, { syscall: "poll", errno: count });
    for (let at = 0; at < table.length; at += 3) {
      const mask = table[at + 2] as number;
      if (mask !== 0 && !this.report(table[at] as number, mask, sink)) table[at] = -1; // passed over from now on
    }
  }

  flush(): void {
    // Nothing is kept back: the next poll says everything.
  }

  recreate(): void {
    this.wanted.clear(); // core calls modify for all that is wanted
    this.table = null;
  }

  close(): void {
    // Nothing is open.
  }

  /** Returns false if there was nothing to say: it hung up and only PRIORITY is wanted. That would end every wait. */
  private report(fd: number, mask: number, sink: Sink): boolean {
    const events = toEvents(mask);
    if ((mask & POLLNVAL) !== 0) {
      this.modify(fd, 0, 0);
      sink.failed(fd, EBADF);
    } else if ((events & (this.wanted.get(fd) ?? 0)) === 0) {
      return false;
    } else {
      sink.ready(fd, events);
    }
    return true;
  }
}

function toPoll(interest: Interest): number {
  return (
    ((interest & READ) !== 0 ? POLLIN : 0) |
    ((interest & WRITE) !== 0 ? POLLOUT : 0) |
    ((interest & PRIORITY) !== 0 ? POLLPRI : 0)
  );
}

function toEvents(mask: number): Events {
  const over = (mask & (POLLERR | POLLHUP)) !== 0; // readable and writable: whoever waits for either must get to know
  return (
    (over || (mask & POLLIN) !== 0 ? READ : 0) |
    (over || (mask & POLLOUT) !== 0 ? WRITE : 0) |
    ((mask & POLLPRI) !== 0 ? PRIORITY : 0) |
    ((mask & POLLERR) !== 0 ? ERROR : 0) |
    ((mask & POLLHUP) !== 0 ? HANGUP : 0)
  );
}
