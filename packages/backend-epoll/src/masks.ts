import { EDGE, ERROR, type Events, HANGUP, type Interest, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { ERR, ET, HUP, IN, OUT, PRI } from "./port.js";

/** What to ask epoll for. */
export function toEpoll(interest: Interest): number {
  return (
    ((interest & READ) !== 0 ? IN : 0) |
    ((interest & WRITE) !== 0 ? OUT : 0) |
    ((interest & PRIORITY) !== 0 ? PRI : 0) |
    ((interest & EDGE) !== 0 ? ET : 0)
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

/** Every combination of the bits that matter, worked out once: this is asked for each event. */
const MEANINGS = Uint8Array.from({ length: (IN | PRI | OUT | ERR | HUP) + 1 }, (_, mask) => meaningOf(mask));

/** What an answer means, as events. */
export function fromEpoll(mask: number): Events {
  return MEANINGS[mask & (IN | PRI | OUT | ERR | HUP)] as number;
}
