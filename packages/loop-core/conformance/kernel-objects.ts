import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sys from "@polyloop/sys";
import { READ, WRITE } from "../src/events.js";
import { DescriptorSet, ensure } from "./descriptor-set.js";

/** open(2): a descriptor that stands for a place in the file system and for nothing else. */
const O_PATH = 0o10000000;

/** Why descriptors are left open after a test that started a process. */
export const AFTER_FIRST_CHILD = "with the first child of a thread Node opens a pipe for good";

/** Two numbers: the end to watch and the other one, or a pair whose ends are alike. */
export type Pair = readonly [near: number, far: number];

/** Real kernel objects. Whatever was opened here and not closed is closed by `end`. */
export class KernelObjects extends DescriptorSet {
  private readonly children: ChildProcess[] = [];
  private readonly directories: string[] = [];

  /** A pipe: the end to read from, the end to write to. */
  pipe(): Pair {
    return this.pairOf(sys.pipe, "pipe2");
  }

  /** Two connected stream sockets of the UNIX family. */
  streamPair(): Pair {
    return this.pairOf((out) => sys.socketpair(out, "stream"), "socketpair");
  }

  /** Two connected datagram sockets of the UNIX family. */
  datagramPair(): Pair {
    return this.pairOf((out) => sys.socketpair(out, "dgram"), "socketpair");
  }

  /** A pseudo-terminal: master and slave, in canonical mode with echo. */
  pty(): Pair {
    return this.pairOf(sys.openpty, "openpty");
  }

  /** A TCP socket that listens on loopback. */
  listener(): number {
    return this.track(sys.listenTcp("127.0.0.1", 0), "listen");
  }

  /** A connection to a listening socket, not yet accepted; returns once it waits there. */
  connectTo(listener: number): number {
    const fd = this.track(sys.connectTcp("127.0.0.1", sys.localPort(listener)), "connect");
    this.settled(listener, READ);
    return fd;
  }

  /** Takes the connection that waits at a listening socket. */
  accept(listener: number): number {
    return this.track(sys.accept(listener), "accept");
  }

  /** Both ends of a TCP connection on loopback. */
  tcpPair(): Pair {
    const listener = this.listener();
    const near = this.connectTo(listener);
    const far = this.accept(listener);
    this.close(listener);
    this.settled(near, WRITE);
    return [near, far];
  }

  /** A TCP socket whose connection was refused. */
  refused(): number {
    const listener = this.listener();
    const port = sys.localPort(listener);
    this.close(listener);
    const fd = this.track(sys.connectTcp("127.0.0.1", port), "connect");
    this.settled(fd, READ | WRITE);
    return fd;
  }

  /** Makes one end of a TCP connection reset it; returns once the other knows. */
  reset(near: number, far: number): void {
    // To close with something unread is to reset.
    this.send(near);
    this.settled(far, READ);
    this.close(far);
    this.settled(near, READ);
  }

  /** Two UDP sockets on loopback: one that is bound, one that sends to it. */
  udpPair(): Pair {
    const bound = this.track(sys.bindUdp("127.0.0.1", 0), "bind");
    return [bound, this.track(sys.connectUdp("127.0.0.1", sys.localPort(bound)), "connect")];
  }

  /** An event counter. */
  eventfd(initial = 0): number {
    return this.track(sys.eventfd(initial), "eventfd");
  }

  /** A timer that expires after `ms` milliseconds, once. */
  timerfd(ms: number): number {
    return this.track(sys.timerfd(ms, 0), "timerfd_create");
  }

  /** A regular file, opened for reading and writing. */
  file(): number {
    return this.adopt(openSync(join(this.directoryName(), "file"), "w+"));
  }

  /** A directory, opened for reading. */
  directory(): number {
    return this.adopt(openSync(this.directoryName(), "r"));
  }

  /** /dev/null, opened for reading and writing. */
  devNull(): number {
    return this.adopt(openSync("/dev/null", "r+"));
  }

  /** A sysfs attribute, which is ready for PRIORITY until it is read, as a GPIO's value is; undefined where there is none. */
  attribute(): number | undefined {
    try {
      return this.adopt(openSync("/sys/kernel/uevent_seqnum", "r"));
    } catch {
      return undefined;
    }
  }

  /** A descriptor that stands for a place in the file system and for nothing else: poll(2) refuses it. */
  pathOnly(): number {
    return this.adopt(openSync(tmpdir(), O_PATH | constants.O_DIRECTORY));
  }

  /** An inotify descriptor that watches a new directory, and a way to make something happen in it. */
  inotify(): { readonly fd: number; readonly touch: () => void } {
    const fd = this.track(sys.inotifyInit(), "inotify_init1");
    const path = this.directoryName();
    const IN_CREATE = 0x100;
    ensure(sys.inotifyAddWatch(fd, path, IN_CREATE), "inotify_add_watch");
    let number = 0;
    return {
      fd,
      touch: () => {
        writeFileSync(join(path, `new-${String(number++)}`), "");
      },
    };
  }

  /** A process that sleeps, its pidfd, and a way to end it. */
  child(): { readonly fd: number; readonly pid: number; readonly kill: () => void } {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    this.children.push(child);
    const { pid } = child;
    assert.ok(pid !== undefined, "sleep(1) could not be started");
    return {
      fd: this.track(sys.pidfdOpen(pid), "pidfd_open"),
      pid,
      kill: () => {
        child.kill("SIGKILL");
      },
    };
  }

  /** Lets another process write a line to a descriptor in `ms` milliseconds, and then live on: its end is an event, too. */
  writeLater(fd: number, ms: number): void {
    const script = `sleep ${String(ms / 1000)}; echo 1234567; exec sleep 60`;
    this.children.push(spawn("sh", ["-c", script], { stdio: ["ignore", fd, "ignore"] }));
  }

  /** Closes and ends whatever is left. */
  override end(): void {
    super.end();
    for (const child of this.children) child.kill("SIGKILL");
    for (const path of this.directories) rmSync(path, { recursive: true });
    this.directories.length = 0;
  }

  private directoryName(): string {
    const path = mkdtempSync(join(tmpdir(), "polyloop-conformance-"));
    this.directories.push(path);
    return path;
  }

  private track(fd: number, call: string): number {
    return this.adopt(ensure(fd, call));
  }

  private pairOf(make: (out: Int32Array) => number, call: string): Pair {
    const out = new Int32Array(2);
    ensure(make(out), call);
    return [this.adopt(out[0] as number), this.adopt(out[1] as number)];
  }
}
