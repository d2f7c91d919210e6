import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "@jest/globals";
import { close, pipe, poll, socketpair } from "../src/index.js";

export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;

/** The root of this package. */
export const PACKAGE = join(__dirname, "..");
/** Programs for other processes and threads; they import the built package. */
export const FIXTURES = join(__dirname, "fixtures");

const opened: number[] = [];

/** The number at an index that is there. */
export function at(array: ArrayLike<number>, index: number): number {
  const value = array[index];
  if (value === undefined) throw new RangeError(`nothing at index ${String(index)}`);
  return value;
}

/** Notes a descriptor for {@link closeAll} and returns it; one that is an errno fails the test. */
export function own(fd: number): number {
  expect(fd).toBeGreaterThanOrEqual(0);
  opened.push(fd);
  return fd;
}

/** Closes everything owned; what the test closed itself must be handed to {@link disown}. */
export function closeAll(): void {
  for (const fd of opened.splice(0)) expect(close(fd)).toBe(0);
}

export function disown(fd: number): number {
  opened.splice(opened.indexOf(fd), 1);
  return fd;
}

export function openPipe(): [number, number] {
  const out = new Int32Array(2);
  expect(pipe(out)).toBe(0);
  return [own(at(out, 0)), own(at(out, 1))];
}

export function openSocketpair(type: "stream" | "dgram" = "stream"): [number, number] {
  const out = new Int32Array(2);
  expect(socketpair(out, type)).toBe(0);
  return [own(at(out, 0)), own(at(out, 1))];
}

/** A number that was open a moment ago, and is not now. */
export function closedDescriptor(): number {
  const [reader, writer] = openPipe();
  close(disown(writer));
  return close(disown(reader)) === 0 ? reader : -1;
}

/** What poll(2) reports for one descriptor. */
export function pollOne(fd: number, events: number, timeoutMs = 0): number {
  const fds = new Int32Array([fd, events, 0]);
  expect(poll(fds, timeoutMs)).toBeGreaterThanOrEqual(0);
  return at(fds, 2);
}

export function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

export function flagsOf(fd: number): { nonBlocking: boolean; closeOnExec: boolean } {
  const text = readFileSync(`/proc/self/fdinfo/${String(fd)}`, "utf8");
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(text)?.[1] ?? "", 8);
  return { nonBlocking: (flags & O_NONBLOCK) !== 0, closeOnExec: (flags & O_CLOEXEC) !== 0 };
}

export interface Thrown {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** What `action` throws; by value, because errors of an addon belong to another realm than jest's. */
export function catchError(action: () => unknown): Thrown {
  try {
    const result = action();
    return { name: "nothing thrown", code: "", message: `returned ${String(result)}` };
  } catch (error) {
    const { name, code, message } = error as Partial<Thrown>;
    return { name: name ?? "", code: code ?? "", message: message ?? "" };
  }
}

/** Waits for something another thread or the kernel does; fails after `limitMs`. */
export async function until(condition: () => boolean, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`nothing happened in ${String(limitMs)} ms`);
    await sleep(2);
  }
}
