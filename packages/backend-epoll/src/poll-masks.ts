import { ERROR, type Events, HANGUP, type Interest, PRIORITY, READ, WRITE } from "@polyloop/loop-core";

/** Bits of poll(2), which epoll, Linux AIO and io_uring share. */
export const IN = 0x001;
export const PRI = 0x002;
export const OUT = 0x004;
export const ERR = 0x008;
export const HUP = 0x010;
/** The other side will send no more; epoll and Linux AIO do not report it unasked, io_uring always does. */
export const RDHUP = 0x2000;

/** What to ask the kernel for. */
export function toPoll(interest: Interest): number {
  return (
    ((interest & READ) !== 0 ? IN : 0) | ((interest & WRITE) !== 0 ? OUT : 0) | ((interest & PRIORITY) !== 0 ? PRI : 0)
  );
}

/** What an answer means: an error or a hang-up counts as READ and WRITE. */
function meaningOf(mask: number): Events {
  return (
    ((mask & (IN | ERR | HUP)) !== 0 ? READ : 0) |
    ((mask & (OUT | ERR | HUP)) !== 0 ? WRITE : 0) |
    ((mask & PRI) !== 0 ? PRIORITY : 0) |
    ((mask & ERR) !== 0 ? ERROR : 0) |
    ((mask & HUP) !== 0 ? HANGUP : 0)
  );
}

const MEANT = IN | PRI | OUT | ERR | HUP;

/** Every combination of the bits that matter, worked out once: this is asked for each event. */
const MEANINGS = Uint8Array.from({ length: MEANT + 1 }, (_, mask) => meaningOf(mask));

/** What an answer means, as events. */
export function fromPoll(mask: number): Events {
  const events = MEANINGS[mask & MEANT] as number;
  return (mask & RDHUP) === 0 ? events : events | READ;
}
