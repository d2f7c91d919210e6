import { Buffer } from "node:buffer";
import { constants } from "node:os";
import { type Events, FAILED, type IoWatcher, type Loop, READ, WRITE } from "@polyloop/loop-core";
import { close, read, write } from "@polyloop/sys";

const { EAGAIN } = constants.errno;

/** One buffer for all connections: what was read is sent on before anything else is read, so none of it needs to stay. */
const received = Buffer.alloc(64 * 1024);

/** An accepted connection. It always waits for one thing: for something to read, or for room to write what was read. */
export class Connection {
  private readonly watcher: IoWatcher;
  private readonly onClose: () => void;
  /** What was read and could not be sent yet; at most what one read gives. */
  private unsent: Buffer | null = null;

  constructor(loop: Loop, fd: number, onClose: () => void) {
    this.onClose = onClose;
    this.watcher = loop.io(fd, READ, (_, events) => {
      this.ready(events);
    });
  }

  close(): void {
    this.watcher.stop();
    close(this.watcher.fd);
    this.onClose();
  }

  /** A hang-up or an error comes as READ and WRITE, too: the read or write then finds out what it is. */
  private ready(events: Events): void {
    if ((events & FAILED) !== 0) this.close();
    else if (this.unsent === null) this.receive();
    else this.send(this.unsent);
  }

  /** Reads once and not until EAGAIN: what is left is reported again next turn, after the others have had theirs. */
  private receive(): void {
    const length = read(this.watcher.fd, received);
    if (length > 0) this.send(received.subarray(0, length));
    // 0: the other side will send no more. It has been sent everything, or we would not be reading, so this is the end.
    // Below: ECONNRESET, ETIMEDOUT and the like; there is nobody left to tell. EAGAIN: readiness is only a hint.
    else if (length !== -EAGAIN) this.close();
  }

  private send(bytes: Buffer): void {
    const sent = write(this.watcher.fd, bytes);
    if (sent === bytes.length) this.wait(null);
    else if (sent >= 0) this.wait(bytes.subarray(sent));
    else if (sent === -EAGAIN) this.wait(bytes);
    else this.close(); // EPIPE, ECONNRESET
  }

  /**
   * As long as something is unsent nothing is read: the other side's window fills up and it has to slow down, instead of
   * our memory growing with what it sends and does not fetch.
   */
  private wait(unsent: Buffer | null): void {
    // The buffer for reading belongs to all connections, so what stays must be copied out of it.
    this.unsent = unsent?.buffer === received.buffer ? Buffer.from(unsent) : unsent;
    this.watcher.modify(unsent === null ? READ : WRITE);
  }
}
