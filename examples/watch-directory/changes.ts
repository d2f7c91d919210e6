import type { Loop, TimerWatcher } from "@polyloop/loop-core";
import {
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_ISDIR,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_Q_OVERFLOW,
  type InotifyEvent,
} from "./inotify.js";

/** Milliseconds that the second half of a rename may come after the first: they may lie in two reads. */
const PATIENCE = 20;

/**
 * Says in words what happened. A rename comes as two events with one cookie; but a file that is moved out of the directory,
 * or into it, has one half only, and what tells is that the other does not come.
 */
export class Changes {
  private readonly say: (what: string, name: string) => void;
  private readonly waiting: TimerWatcher;
  private from: InotifyEvent | undefined;

  constructor(loop: Loop, say: (what: string, name: string) => void) {
    this.say = say;
    this.waiting = loop.timer(
      0,
      () => {
        this.giveUp();
      },
      { start: false },
    );
  }

  add(event: InotifyEvent): void {
    const { mask, cookie } = event;
    const name = (mask & IN_ISDIR) !== 0 ? `${event.name}/` : event.name;
    const from = this.from;
    if ((mask & IN_MOVED_TO) !== 0 && from?.cookie === cookie) {
      this.forget();
      this.say("renamed", `${from.name} → ${name}`);
      return;
    }
    // The two halves are next to each other in all but rare cases.
    this.giveUp();
    if ((mask & IN_CREATE) !== 0) this.say("created", name);
    if ((mask & IN_CLOSE_WRITE) !== 0) this.say("changed", name);
    if ((mask & IN_DELETE) !== 0) this.say("deleted", name);
    if ((mask & IN_MOVED_TO) !== 0) this.say("moved in", name);
    if ((mask & IN_Q_OVERFLOW) !== 0) this.say("overflow", "some events were lost");
    if ((mask & IN_MOVED_FROM) !== 0) {
      this.from = { mask, cookie, name };
      this.waiting.set(PATIENCE);
      this.waiting.start();
    }
  }

  /** No other half came: it was moved out. */
  private giveUp(): void {
    const from = this.from;
    this.forget();
    if (from !== undefined) this.say("moved out", from.name);
  }

  private forget(): void {
    this.from = undefined;
    this.waiting.stop();
  }
}
