import { Buffer } from "node:buffer";
import { constants } from "node:os";
import type { RecordableHistogram } from "node:perf_hooks";
import { type Events, FAILED, type IoWatcher, type Loop, READ, WRITE } from "@polyloop/loop-core";
import { close, connectTcp, errnoName, read, setNoDelay, shutdown, socketError, write } from "@polyloop/sys";
import { orThrow } from "../errors.js";

const { EAGAIN } = constants.errno;

const received = Buffer.alloc(64 * 1024);

/** A connection that sends a message, waits until all of it has come back, notes how long that took, and starts over. */
export class Pinger {
  /** Why it ended before its time. */
  failure: string | undefined;
  private readonly watcher: IoWatcher;
  private readonly message: Buffer;
  private readonly latency: RecordableHistogram;
  private connected = false;
  private finishing = false;
  private sentAt = 0;
  private sent = 0;
  private returned = 0;

  constructor(loop: Loop, port: number, message: Buffer, latency: RecordableHistogram) {
    this.message = message;
    this.latency = latency;
    // Connecting takes its time; the socket becomes writable when it is over, whichever way it went.
    const fd = orThrow("connectTcp", connectTcp("127.0.0.1", port));
    this.watcher = loop.io(fd, WRITE, (_, events) => {
      this.ready(events);
    });
  }

  /** Ends the connection once the message under way has come back. */
  finish(): void {
    this.finishing = true;
    if (!this.connected) this.end(undefined);
  }

  private ready(events: Events): void {
    if ((events & FAILED) !== 0) {
      this.end(this.watcher.error?.message);
      return;
    }
    if (!this.connected) {
      this.connect();
      return;
    }
    if ((events & WRITE) !== 0 && this.sent < this.message.length) this.send();
    // Sending may have failed and ended it.
    if ((events & READ) !== 0 && this.watcher.active) this.receive();
  }

  private connect(): void {
    const error = socketError(this.watcher.fd);
    if (error !== 0) {
      this.end(`connect: ${errnoName(error)}`);
      return;
    }
    this.connected = true;
    setNoDelay(this.watcher.fd, true);
    this.begin();
  }

  private begin(): void {
    this.sent = 0;
    this.returned = 0;
    // Not loop.now(): that is the time of the turn, the same for all messages sent in it.
    this.sentAt = performance.now();
    this.send();
  }

  private send(): void {
    const length = write(this.watcher.fd, this.message, this.sent);
    if (length < 0 && length !== -EAGAIN) {
      this.end(`write: ${errnoName(length)}`);
      return;
    }
    if (length > 0) this.sent += length;
    // READ also while sending: an echo server that we do not read from stops reading from us.
    this.watcher.modify(this.sent < this.message.length ? READ | WRITE : READ);
  }

  private receive(): void {
    const length = read(this.watcher.fd, received);
    if (length === -EAGAIN) return;
    if (length <= 0) {
      this.end(length < 0 ? `read: ${errnoName(length)}` : this.finishing ? undefined : "the server hung up");
      return;
    }
    this.returned += length;
    if (this.returned < this.message.length) return;
    this.latency.record(Math.max(1, Math.round((performance.now() - this.sentAt) * 1e6)));
    // Half-closed, not closed: the server sees the end, closes its side, and only then is this side done.
    if (this.finishing) shutdown(this.watcher.fd, "write");
    else this.begin();
  }

  private end(failure: string | undefined): void {
    if (!this.watcher.active) return;
    this.failure = failure;
    this.watcher.stop();
    close(this.watcher.fd);
  }
}
