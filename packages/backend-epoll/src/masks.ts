import { EDGE, type Interest } from "@polyloop/loop-core";
import { toPoll } from "./poll-masks.js";
import { ET } from "./port.js";

/** What to ask epoll for. */
export function toEpoll(interest: Interest): number {
  return (interest & EDGE) === 0 ? toPoll(interest) : toPoll(interest) | ET;
}
