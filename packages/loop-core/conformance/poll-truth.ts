import { ERROR, type Events, HANGUP, type Interest, PRIORITY, READ, WRITE } from "../src/events.js";

// Shared with no backend, not even with the one that is built on poll(2): a judge has its own book.

/** Bits of poll(2). */
const [POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP] = [0x1, 0x2, 0x4, 0x8, 0x10];

/** What to ask poll(2) for. */
export function toPoll(interest: Interest): number {
  return (
    ((interest & READ) !== 0 ? POLLIN : 0) |
    ((interest & WRITE) !== 0 ? POLLOUT : 0) |
    ((interest & PRIORITY) !== 0 ? POLLPRI : 0)
  );
}

/** What an answer of poll(2) means: an error or a hang-up counts as READ and as WRITE. */
export function toEvents(mask: number): Events {
  const over = (mask & (POLLERR | POLLHUP)) !== 0;
  return (
    (over || (mask & POLLIN) !== 0 ? READ : 0) |
    (over || (mask & POLLOUT) !== 0 ? WRITE : 0) |
    ((mask & POLLPRI) !== 0 ? PRIORITY : 0) |
    ((mask & POLLERR) !== 0 ? ERROR : 0) |
    ((mask & POLLHUP) !== 0 ? HANGUP : 0)
  );
}

/** The wanted part, with the information beside it; nothing if nothing wanted is there. */
export function wantedOf(events: Events, interest: Interest): Events {
  const got = events & interest;
  return got === 0 ? 0 : got | (events & (ERROR | HANGUP));
}
