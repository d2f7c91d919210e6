import { type Events, HANGUP, PRIORITY, READ, WRITE } from "../../src/events.js";
import type { FaultyKernel } from "./fake-kernel.js";
import type { Direction, Kind, World } from "./world.js";

/** Bytes that fit between two ends. */
const ROOM = 4;

/** One end of something, whatever numbers it has. */
class End {
  readonly kind: Kind;
  readonly numbers = new Set<number>();
  /** What poll(2) would say. */
  ready: Events;
  /** Bytes that wait to be read here. */
  waiting = 0;
  /** It stands at the end of the stream. */
  isFinished = false;
  peer: End | undefined;

  constructor(kind: Kind, ready: Events) {
    this.kind = kind;
    this.ready = ready;
  }
}

/** Pipes, sockets, counters and files on a fake kernel that knows only "ready". */
export class FakeWorld implements World {
  readonly kinds = ["pipe", "stream", "tcp", "counter", "file"] as const;
  private readonly kernel: FaultyKernel;
  private readonly ends = new Map<number, End>();

  constructor(kernel: FaultyKernel) {
    this.kernel = kernel;
  }

  open(kind: Kind): readonly number[] {
    if (kind === "file") return [this.install(new End(kind, READ | WRITE))];
    if (kind === "counter") return [this.install(new End(kind, WRITE))];
    const reader = new End(kind, kind === "pipe" ? 0 : WRITE);
    const writer = new End(kind, WRITE);
    reader.peer = writer;
    writer.peer = reader;
    return [this.install(reader), this.install(writer)];
  }

  dup(fd: number): number {
    const end = this.endOf(fd);
    const copy = this.kernel.dup(fd);
    end.numbers.add(copy);
    this.ends.set(copy, end);
    return copy;
  }

  close(fd: number): void {
    const end = this.endOf(fd);
    this.ends.delete(fd);
    end.numbers.delete(fd);
    this.kernel.close(fd);
    if (end.numbers.size > 0 || end.peer === undefined) return;
    this.raise(end.peer, READ | WRITE | HANGUP);
    end.peer.peer = undefined;
  }

  write(fd: number): void {
    const end = this.endOf(fd);
    // A counter is its own other end.
    const target = end.kind === "counter" ? end : end.peer;
    if (target === undefined || target.waiting === ROOM) return;
    target.waiting++;
    this.raise(target, READ);
    if (target.waiting === ROOM && target !== end) this.lower(end, WRITE);
  }

  urge(fd: number): void {
    const { kind, peer } = this.endOf(fd);
    if (kind === "tcp" && peer !== undefined) this.raise(peer, PRIORITY);
  }

  fill(fd: number): void {
    for (let byte = 0; byte < ROOM; byte++) this.write(fd);
  }

  read(fd: number): boolean {
    const end = this.endOf(fd);
    if (end.waiting === 0) return false;
    end.waiting = end.kind === "counter" ? 0 : end.waiting - 1;
    if (end.waiting === 0 && !end.isFinished) this.lower(end, READ);
    if (end.peer !== undefined) this.raise(end.peer, WRITE);
    return true;
  }

  drain(fd: number): boolean {
    let found = false;
    while (this.read(fd)) found = true;
    this.lower(this.endOf(fd), PRIORITY);
    return found;
  }

  shutdown(fd: number, direction: Direction): void {
    const end = this.endOf(fd);
    if (end.peer === undefined) return;
    if (direction !== "write") this.finish(end);
    if (direction !== "read") this.finish(end.peer);
    if (direction === "both") this.raise(end, READ | WRITE | HANGUP);
  }

  readiness(fds: readonly number[]): readonly Events[] {
    return fds.map((fd) => this.endOf(fd).ready);
  }

  isClosed(fd: number): boolean {
    return !this.ends.has(fd);
  }

  end(): void {
    for (const fd of [...this.ends.keys()]) this.close(fd);
  }

  private install(end: End): number {
    const pollable = end.kind !== "file";
    const fd = this.kernel.open(pollable);
    end.numbers.add(fd);
    this.ends.set(fd, end);
    if (pollable) this.kernel.raise(fd, end.ready);
    return fd;
  }

  /** Nothing will come any more, which a reader has to be told. */
  private finish(end: End): void {
    end.isFinished = true;
    this.raise(end, READ);
  }

  private raise(end: End, events: Events): void {
    end.ready |= events;
    const [fd] = end.numbers;
    if (fd !== undefined) this.kernel.raise(fd, events);
  }

  private lower(end: End, events: Events): void {
    // A hang-up counts as both, whatever is in the buffers.
    if ((end.ready & HANGUP) !== 0) return;
    end.ready &= ~events;
    const [fd] = end.numbers;
    if (fd !== undefined) this.kernel.lower(fd, events);
  }

  private endOf(fd: number): End {
    const end = this.ends.get(fd);
    if (end === undefined) throw new Error(`descriptor ${String(fd)} is not open in the fake world`);
    return end;
  }
}
