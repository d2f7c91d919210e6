import type { AioContext, AioPort } from "./port.js";
import { RequestList } from "./request-list.js";
import { Slots } from "./slots.js";

/** A context of the kernel, the requests that it has, and those that it is to get with the next call. */
export class PollContext {
  readonly aio: AioContext;
  /** How many requests it was asked to have room for. */
  readonly asked: number;
  readonly slots = new Slots();
  readonly requests = new RequestList();

  constructor(port: AioPort, asked: number) {
    this.asked = asked;
    this.aio = port.open(asked);
  }

  /** Queues a request for one answer about a descriptor. */
  submit(fd: number, mask: number, generation: number, isNew: boolean): void {
    this.requests.submit(this.slots.take(fd), fd, mask, generation, isNew);
  }

  /** Queues taking back the latest request about a descriptor. */
  cancel(fd: number): void {
    const unsent = this.slots.unsent(fd);
    if (unsent < 0) {
      this.requests.cancel(this.slots.cancel(fd));
    } else {
      // Cancellations are made before everything else: this one would come too early.
      this.requests.withdraw(unsent);
      this.slots.finish(unsent);
    }
  }

  /** The requests have been handed over. Their results stay to be read; what is queued now is written over them, in order. */
  endBatch(): number {
    const { count } = this.requests;
    this.requests.count = 0;
    this.slots.endBatch();
    return count;
  }

  /** Ends it without waiting, and all its requests with it. */
  close(): void {
    this.aio.close(false);
  }
}
