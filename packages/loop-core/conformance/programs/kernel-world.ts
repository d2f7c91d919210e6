import * as sys from "@polyloop/sys";
import type { Events } from "../../src/events.js";
import { KernelObjects } from "../kernel-objects.js";
import { type Direction, KINDS, type Kind, type World } from "./world.js";

const one = new Uint8Array(8);
new BigUint64Array(one.buffer)[0] = 1n;
const scratch = new Uint8Array(65536);

/** The kernel this runs on. Readiness is poll(2)'s word. */
export class KernelWorld implements World {
  readonly kinds = KINDS;
  private readonly objects = new KernelObjects();
  private readonly counters = new Set<number>();
  private readonly terminals = new Set<number>();

  open(kind: Kind): readonly number[] {
    const { objects } = this;
    switch (kind) {
      case "pipe":
        return objects.pipe();
      case "stream":
        return objects.streamPair();
      case "datagram":
        return objects.datagramPair();
      case "tcp":
        return objects.tcpPair();
      case "terminal":
        return this.note(this.terminals, objects.pty());
      case "file":
        return [objects.file()];
      case "counter":
        return this.note(this.counters, [objects.eventfd()]);
    }
  }

  dup(fd: number): number {
    const copy = this.objects.dup(fd);
    for (const set of [this.counters, this.terminals]) if (set.has(fd)) set.add(copy);
    return copy;
  }

  close(fd: number): void {
    this.counters.delete(fd);
    this.terminals.delete(fd);
    this.objects.close(fd);
  }

  write(fd: number): void {
    if (this.counters.has(fd)) sys.write(fd, one, 0, 8);
    // A terminal passes on whole lines.
    else sys.write(fd, newline, 0, 1);
  }

  urge(fd: number): void {
    sys.sendUrgent(fd, 1);
  }

  fill(fd: number): void {
    // A full terminal empties itself in its own time and back again, so that nobody can say when it is writable.
    if (this.terminals.has(fd)) return;
    // A counter would take its whole life to fill, and a file the disk.
    for (let round = 0; round < 1000 && sys.write(fd, scratch) > 0; round++);
  }

  read(fd: number): boolean {
    return sys.read(fd, scratch, 0, this.counters.has(fd) ? 8 : 1) > 0;
  }

  drain(fd: number): boolean {
    let found = false;
    for (let round = 0; round < 1000 && sys.read(fd, scratch) > 0; round++) found = true;
    return found;
  }

  shutdown(fd: number, direction: Direction): void {
    sys.shutdown(fd, direction);
  }

  readiness(fds: readonly number[]): readonly Events[] {
    return this.objects.readinessOf(fds);
  }

  isClosed(): boolean {
    // A backend may open descriptors of its own at any moment, and one of them may have had the number when it looked.
    return false;
  }

  end(): void {
    this.objects.end();
  }

  private note(set: Set<number>, fds: readonly number[]): readonly number[] {
    for (const fd of fds) set.add(fd);
    return fds;
  }
}

const newline = new Uint8Array([0x0a]);
