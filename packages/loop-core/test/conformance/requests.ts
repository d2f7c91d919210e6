import type { Backend, Events, Interest, Sink } from "@polyloop/loop-core";
import { close, dup } from "@polyloop/sys";

/** So many files are held at most: each costs a descriptor number, and a test may want them all. */
const MOST_HELD = 500;

/** What was asked once about a descriptor. `watched` is the number under which the file is held. */
interface Request {
  readonly fd: number;
  readonly generation: number;
  readonly interest: Interest;
  readonly watched: number;
}

/** The one answer to a request: events, or a positive errno. */
export interface Completion {
  readonly fd: number;
  readonly generation: number;
  readonly events: Events;
  readonly errno: number;
}

/**
 * A kernel interface of the kind that io_uring and Linux AIO are, made of a backend that reports readiness: a request is
 * answered once, and holds its file, so that it is answered also after the descriptor was closed.
 */
export class Requests implements Sink {
  /** Answers that nobody has taken yet, the oldest first. */
  readonly completions: Completion[] = [];
  private readonly readiness: Backend;
  private readonly byDescriptor = new Map<number, Request>();
  private readonly byWatched = new Map<number, Request>();
  private answered: Request[] = [];
  private held = 0;

  constructor(readiness: Backend) {
    this.readiness = readiness;
  }

  /** Asks for one answer; nothing may be asked about this descriptor at the moment. One that is not open is answered at once. */
  submit(fd: number, generation: number, interest: Interest): void {
    const copy = this.held < MOST_HELD ? dup(fd) : fd;
    if (copy < 0) {
      this.completions.push({ fd, generation, events: 0, errno: -copy });
      return;
    }
    if (copy !== fd) this.held++;
    const request = { fd, generation, interest, watched: copy };
    this.byDescriptor.set(fd, request);
    this.byWatched.set(copy, request);
    this.readiness.modify(copy, 0, interest);
  }

  /** Takes back what was asked about a descriptor, and lets go of the file. An answer that was given already stays. */
  cancel(fd: number): void {
    const request = this.byDescriptor.get(fd);
    if (request !== undefined) this.release([request]);
  }

  /** Waits for answers. */
  enter(timeout: number): void {
    this.readiness.poll(timeout, this);
    this.release(this.answered);
    this.answered = [];
  }

  ready(watched: number, events: Events): void {
    this.answer(watched, events, 0);
  }

  failed(watched: number, errno: number): void {
    this.answer(watched, 0, errno);
  }

  rearm(): void {
    // The request was answered: there is nothing to ask again.
  }

  /** Everything asked is forgotten, and everything answered. */
  clear(): void {
    this.release([...this.byWatched.values()]);
    this.completions.length = 0;
  }

  private answer(watched: number, events: Events, errno: number): void {
    const request = this.byWatched.get(watched);
    if (request === undefined) return;
    this.answered.push(request);
    this.completions.push({ fd: request.fd, generation: request.generation, events, errno });
  }

  private release(requests: readonly Request[]): void {
    for (const { interest, watched } of requests) this.readiness.modify(watched, interest, 0);
    this.readiness.flush();
    for (const { fd, watched } of requests) {
      this.byDescriptor.delete(fd);
      this.byWatched.delete(watched);
      if (watched === fd) continue;
      close(watched);
      this.held--;
    }
  }
}
