import { constants } from "node:os";
import { afterEach, describe, expect, it } from "@jest/globals";
import { clock, descriptorLimit, poll, read, setDescriptorLimit, timerfd, write } from "../src/index.js";
import {
  at,
  closeAll,
  closedDescriptor,
  openPipe,
  openSocketpair,
  own,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  pollOne,
} from "./support.js";

const { EAGAIN, EINVAL } = constants.errno;

afterEach(closeAll);

describe("poll", () => {
  it("reports each triple by itself and counts those with events", () => {
    const [reader, writer] = openPipe();
    const [, full] = openSocketpair();
    const fds = new Int32Array([reader, POLLIN, 99, writer, POLLOUT, 99, full, POLLIN | POLLOUT, 99]);
    expect(poll(fds, 0)).toBe(2);
    expect([...fds]).toEqual([reader, POLLIN, 0, writer, POLLOUT, POLLOUT, full, POLLIN | POLLOUT, POLLOUT]);
    write(writer, Buffer.from("x"));
    expect(poll(fds, -1)).toBe(3);
    expect(fds[2]).toBe(POLLIN);
  });

  it("passes over a negative descriptor and reports a closed one as POLLNVAL", () => {
    const closed = closedDescriptor();
    const fds = new Int32Array([-1, POLLIN, 99, closed, POLLIN, 0, -2147483648, 0, 99]);
    expect(poll(fds, -1)).toBe(1);
    expect([...fds]).toEqual([-1, POLLIN, 0, closed, POLLIN, POLLNVAL, -2147483648, 0, 0]);
  });

  it("takes no triples at all for a sleep", () => {
    expect(poll(new Int32Array(0), 1)).toBe(0);
  });

  it.each([63, 64, 65, 500])("takes %i triples", (count) => {
    const [reader, writer] = openPipe();
    const fds = new Int32Array(count * 3);
    for (let index = 0; index < count; index++)
      fds.set([index === count - 1 ? writer : reader, POLLIN | POLLOUT, 7], index * 3);
    expect(poll(fds, 0)).toBe(1);
    expect(fds[count * 3 - 1]).toBe(POLLOUT);
    expect(fds[2]).toBe(0);
  });

  it("gives -EINVAL for more triples than there may be descriptors", () => {
    const limit = descriptorLimit();
    setDescriptorLimit(64);
    const result = poll(new Int32Array(3 * 65), 0);
    setDescriptorLimit(limit);
    expect(result).toBe(-EINVAL);
  });

  it("honours fractions of a millisecond and is never early", () => {
    const times = new Float64Array(2);
    for (const timeout of [0.001, 0.2, 0.9999, 1.5, 3.25]) {
      for (let round = 0; round < 20; round++) {
        clock(times);
        const start = at(times, 0);
        expect(poll(new Int32Array(0), timeout)).toBe(0);
        clock(times);
        expect(at(times, 0) - start).toBeGreaterThanOrEqual(timeout);
      }
    }
  });

  it("takes the longest times without overflow when something is ready", () => {
    const [, writer] = openPipe();
    for (const timeout of [2 ** 31, 1e12, Number.MAX_SAFE_INTEGER, -0.5, -1e9])
      expect(pollOne(writer, POLLOUT, timeout)).toBe(POLLOUT);
  });
});

describe("clock", () => {
  it("tells the monotonic and the real time in milliseconds", () => {
    const times = new Float64Array(2);
    const monotonic = Number(process.hrtime.bigint()) / 1e6;
    const real = Date.now();
    expect(clock(times)).toBe(0);
    expect(at(times, 0) - monotonic).toBeGreaterThanOrEqual(0);
    expect(at(times, 0) - monotonic).toBeLessThan(1000);
    expect(Math.abs(at(times, 1) - real)).toBeLessThan(1000);
  });

  it("has fractions and never goes back", () => {
    const times = new Float64Array(2);
    const seen: number[] = [];
    for (let round = 0; round < 1000; round++) seen.push((clock(times), at(times, 0)));
    expect(seen.some((time) => !Number.isInteger(time))).toBe(true);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });
});

describe("timerfd", () => {
  function expirations(fd: number): number {
    const count = new BigUint64Array(1);
    const result = read(fd, count);
    return result === 8 ? Number(count[0]) : result;
  }

  it("fires at once for 0, and once only without an interval", () => {
    const fd = own(timerfd(0, 0));
    expect(pollOne(fd, POLLIN, 5000)).toBe(POLLIN);
    expect(expirations(fd)).toBe(1);
    expect(pollOne(fd, POLLIN, 5)).toBe(0);
    expect(expirations(fd)).toBe(-EAGAIN);
  });

  it("is never early, also for fractions", () => {
    const times = new Float64Array(2);
    clock(times);
    const start = at(times, 0);
    const fd = own(timerfd(2.5, 0));
    pollOne(fd, POLLIN, -1);
    clock(times);
    expect(at(times, 0) - start).toBeGreaterThanOrEqual(2.5);
  });

  it("repeats, and counts what was missed", () => {
    const fd = own(timerfd(0.5, 0.5));
    poll(new Int32Array(0), 5);
    expect(expirations(fd)).toBeGreaterThanOrEqual(9);
    expect(pollOne(fd, POLLIN, 5000)).toBe(POLLIN);
  });

  it("takes the longest times", () => {
    expect(pollOne(own(timerfd(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)), POLLIN | POLLHUP)).toBe(0);
  });
});
