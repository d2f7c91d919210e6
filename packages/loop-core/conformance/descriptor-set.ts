import assert from "node:assert/strict";
import * as sys from "@polyloop/sys";
import { type Events, type Interest, PRIORITY, READ, WRITE } from "../src/events.js";
import { toEvents, toPoll, wantedOf } from "./poll-truth.js";

/** Milliseconds for what the kernel does on its own time: a connection, a line through a terminal. */
const SETTLE = 5000;

const scratch = new Uint8Array(65536);

/** Throws what a system call answered, if that was an error. */
export function ensure(result: number, what: string): number {
  assert.ok(result >= 0, `${what}: ${sys.errnoName(result)}`);
  return result;
}

/**
 * The descriptors that a test holds, and what it does to them. Nothing is looked up in a backend: what is ready is poll(2)'s
 * word.
 */
export class DescriptorSet {
  private readonly open = new Set<number>();

  /** Takes over a descriptor that was opened elsewhere. */
  adopt(fd: number): number {
    this.open.add(fd);
    return fd;
  }

  /** Hands over a descriptor to whoever closes it from now on. */
  lend(fd: number): number {
    this.open.delete(fd);
    return fd;
  }

  /** Closes a number. */
  close(fd: number): void {
    this.open.delete(fd);
    ensure(sys.close(fd), "close");
  }

  /** Another number for the same file. */
  dup(fd: number): number {
    return this.adopt(ensure(sys.dup(fd), "dup"));
  }

  /** Gives the file of `fd` the number `to`, which was just closed, and no longer the one it had. */
  moveTo(fd: number, to: number): void {
    const passedOver: number[] = [];
    let got = ensure(sys.dup(fd), "dup");
    // The kernel gives the lowest number that is free, and a lower one may be.
    for (; got < to; got = ensure(sys.dup(fd), "dup")) passedOver.push(got);
    for (const number of passedOver) sys.close(number);
    this.close(fd);
    assert.equal(this.adopt(got), to, "the number just closed is taken already");
  }

  /**
   * Takes some numbers, and returns what frees them again: whatever a backend opens gets one of those and not a higher
   * number that was closed with them.
   */
  roomBelow(): () => void {
    const taken = Array.from({ length: 8 }, () => this.adopt(ensure(sys.eventfd(), "eventfd")));
    return () => {
      for (const fd of taken) this.close(fd);
    };
  }

  /** A number that is not open, and will not be soon. */
  closedNumber(): number {
    return sys.descriptorLimit() - 1;
  }

  /** Writes one byte. */
  send(fd: number): void {
    assert.equal(ensure(sys.write(fd, scratch, 0, 1), "write"), 1);
  }

  /** Writes a line, which is what makes a terminal readable. */
  sendLine(fd: number): void {
    ensure(sys.write(fd, new Uint8Array([0x61, 0x0a])), "write");
  }

  /** Adds to an event counter. */
  count(fd: number, by = 1n): void {
    ensure(sys.write(fd, new BigUint64Array([by])), "write");
  }

  /** Sends one byte of urgent data through a TCP socket. */
  sendUrgent(fd: number): void {
    ensure(sys.sendUrgent(fd, 42), "send");
  }

  /** Ends one direction of a connection, or both. */
  shutdown(fd: number, how: "read" | "write" | "both"): void {
    ensure(sys.shutdown(fd, how), "shutdown");
  }

  /** Reads one byte. */
  receive(fd: number): void {
    assert.equal(ensure(sys.read(fd, scratch, 0, 1), "read"), 1);
  }

  /** Reads all there is; returns how many bytes that was. */
  drain(fd: number): number {
    let total = 0;
    for (;;) {
      const count = sys.read(fd, scratch);
      if (count <= 0) return total;
      total += count;
    }
  }

  /** Writes until nothing more fits; returns how many bytes that was. */
  fill(fd: number): number {
    let total = 0;
    for (;;) {
      const count = sys.write(fd, scratch);
      if (count <= 0) return total;
      total += count;
    }
  }

  /** What poll(2) says of a descriptor, as the events that watchers of `interest` must be told; 0 if it is not ready. */
  readiness(fd: number, interest: Interest): Events {
    const triple = new Int32Array([fd, toPoll(interest), 0]);
    ensure(sys.poll(triple, 0), "poll");
    return wantedOf(toEvents(triple[2] as number), interest);
  }

  /** What poll(2) says of each descriptor, whatever is wanted of it. */
  readinessOf(fds: readonly number[]): readonly Events[] {
    const triples = Int32Array.from(fds.flatMap((fd) => [fd, toPoll(READ | WRITE | PRIORITY), 0]));
    ensure(sys.poll(triples, 0), "poll");
    return fds.map((_fd, index) => toEvents(triples[3 * index + 2] as number));
  }

  /** Waits until poll(2) finds a descriptor ready. */
  settled(fd: number, interest: Interest): void {
    const triple = new Int32Array([fd, toPoll(interest), 0]);
    assert.equal(sys.poll(triple, SETTLE), 1, `descriptor ${String(fd)} did not become ready in ${String(SETTLE)} ms`);
  }

  /** Closes whatever is left. */
  end(): void {
    for (const fd of this.open) sys.close(fd);
    this.open.clear();
  }
}
