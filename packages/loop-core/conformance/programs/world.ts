import type { Events } from "../../src/events.js";

/**
 * What a program can open: a pipe, connected stream or datagram sockets, both ends of a TCP connection, an event counter, a
 * regular file, and the two ends of a terminal.
 */
export const KINDS = ["pipe", "stream", "datagram", "tcp", "counter", "file", "terminal"] as const;
export type Kind = (typeof KINDS)[number];

/** Which direction of a socket is shut down. */
export type Direction = "read" | "write" | "both";

/**
 * The place where a program runs: the kernel, or a fake of it. Every operation is tried and may fail as the real one would
 * (a write to a full pipe, a shut down of a file); only numbers that the world gave out and that are open are handed to it.
 */
export interface World {
  /** What can be opened here. */
  readonly kinds: readonly Kind[];
  /** Opens one and returns its descriptors, one or two. */
  open(kind: Kind): readonly number[];
  dup(fd: number): number;
  close(fd: number): void;
  /** Writes one byte, or adds one to a counter. */
  write(fd: number): void;
  /** Sends one byte of urgent data, where there is such a thing. */
  urge(fd: number): void;
  /** Writes until nothing more fits. */
  fill(fd: number): void;
  /** Reads one byte; returns whether there was one. */
  read(fd: number): boolean;
  /** Reads all there is; returns whether there was something. */
  drain(fd: number): boolean;
  shutdown(fd: number, direction: Direction): void;
  /** What poll(2) says of each: all that is ready, whatever is wanted of it. */
  readiness(fds: readonly number[]): readonly Events[];
  /** Whether it is certain that a number stands for nothing, neither of the program's nor of anybody else's. */
  isClosed(fd: number): boolean;
  /** Closes everything. */
  end(): void;
}
