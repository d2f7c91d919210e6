import { constants } from "node:os";
import { type IoWatcher, type Loop, READ, type TimerWatcher } from "@polyloop/loop-core";
import { accept, close, listenTcp, localPort, setNoDelay } from "@polyloop/sys";
import { orThrow } from "../errors.js";
import { Connection } from "./connection.js";

const { EAGAIN, ECONNABORTED } = constants.errno;

/** Milliseconds before accepting again when the process or the system has run out of something. */
const ACCEPT_PAUSE = 100;

/** A TCP server that sends back what it is sent. */
export class EchoServer {
  readonly port: number;
  readonly connections = new Set<Connection>();
  /** How often it had to stop accepting for a while. */
  pauses = 0;
  private readonly loop: Loop;
  private readonly listener: IoWatcher;
  private readonly resume: TimerWatcher;

  constructor(loop: Loop, host: string, port: number) {
    this.loop = loop;
    const fd = orThrow("listenTcp", listenTcp(host, port));
    this.port = orThrow("localPort", localPort(fd));
    this.listener = loop.io(fd, READ, () => {
      this.acceptAll();
    });
    this.resume = loop.timer(
      ACCEPT_PAUSE,
      () => {
        this.listener.start();
      },
      { start: false },
    );
  }

  /** Stops listening and ends all connections. Nothing of the server is left in the loop, so `run()` can return. */
  close(): void {
    this.resume.stop();
    // First stop, then close: a closed number may be given to another file at once.
    this.listener.stop();
    close(this.listener.fd);
    for (const connection of [...this.connections]) connection.close();
  }

  /** Several connections may wait behind one event. */
  private acceptAll(): void {
    for (;;) {
      const fd = accept(this.listener.fd);
      if (fd >= 0) this.open(fd);
      else if (fd === -EAGAIN) return;
      // ECONNABORTED: this one gave up while it waited, the next one may not have.
      else if (fd !== -ECONNABORTED) {
        this.pause();
        return;
      }
    }
  }

  /**
   * EMFILE, mostly: no descriptor is left for the connection that waits, so the listener stays readable, and watching it any
   * longer would keep the loop spinning. Those who wait are queued by the kernel meanwhile.
   */
  private pause(): void {
    this.pauses++;
    this.listener.stop();
    this.resume.start();
  }

  private open(fd: number): void {
    setNoDelay(fd, true);
    const connection = new Connection(this.loop, fd, () => {
      this.connections.delete(connection);
    });
    this.connections.add(connection);
  }
}
