import { Buffer } from "node:buffer";
import { readlinkSync } from "node:fs";
import type { Loop } from "@polyloop/loop-core";
import { close, openpty, write } from "@polyloop/sys";
import { orThrow } from "../errors.js";

/** What the receiver says, in the pieces in which it says it; a number is a pause in milliseconds. */
const SCRIPT: readonly (string | number)[] = [
  "$GPGGA,1201",
  "05.00,4717.11,N,00833",
  ".91,E,1,08,1.0,499.6,M,48.0,M,,\r",
  "\n$GPRMC,120105.00,A,4717.11,N,00833.91,E,0.0,,010126,,\r\n$GPG",
  600,
  "SV,1,1,02,10,63,137,17,07,61,098,15\r\n",
  "$GPVTG,,T,,M,0.0,N,0.0,K\r\n",
  200,
];

/** Milliseconds from one piece to the next. */
const STEP = 50;

/**
 * Plays a GPS receiver on a pseudo-terminal, from timers of the loop, and unplugs it at the end.
 *
 * @returns the path of the terminal, to be opened by whoever wants to listen.
 */
export function playDevice(loop: Loop): string {
  const ends = new Int32Array(2);
  orThrow("openpty", openpty(ends));
  const [ours = -1, theirs = -1] = ends;
  let at = 0;

  loop.timer(
    STEP,
    (timer) => {
      // The reader was not there before the loop ran, and a pseudo-terminal that nobody has open counts as hung up.
      if (at === 0) close(theirs);
      const next = SCRIPT[at++];
      if (typeof next === "string") orThrow("write", write(ours, Buffer.from(next)));
      if (next === undefined) close(ours);
      else {
        timer.set(typeof next === "number" ? next : STEP);
        timer.start();
      }
    },
    // The lower priority lets the reader have one piece before the next is sent: unplugging discards what was not read.
    { priority: -1 },
  );

  return readlinkSync(`/proc/self/fd/${String(theirs)}`);
}
