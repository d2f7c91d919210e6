import { readlinkSync } from "node:fs";
import { constants } from "node:os";
import { afterEach, describe, expect, it } from "@jest/globals";
import * as sys from "../src/index.js";
import { CLOSED, DESCRIPTOR, SIGNALLED, STATE, sendWakeup, Wakeup } from "../src/wakeup.js";
import { at, catchError, countDescriptors, flagsOf, closeAll, POLLIN, pollOne, own } from "./support.js";

const { EBADF, EMFILE } = constants.errno;
const wakeups: Wakeup[] = [];

function make(watchThread = false): Wakeup {
  const wakeup = new Wakeup({ watchThread });
  wakeups.push(wakeup);
  return wakeup;
}

/** What consume() says of senders; Node's own loop may have something to do at any time. */
const signalled = (wakeup: Wakeup) => wakeup.consume() & SIGNALLED;

afterEach(() => {
  for (const wakeup of wakeups.splice(0)) wakeup.close();
  closeAll();
});

describe.each([false, true])("a Wakeup with watchThread %p", (watchThread) => {
  it("makes its descriptors non-blocking where they are read, and close-on-exec", () => {
    const wakeup = make(watchThread);
    expect(flagsOf(at(wakeup.control, DESCRIPTOR))).toEqual({ nonBlocking: true, closeOnExec: true });
    expect(flagsOf(wakeup.fd).closeOnExec).toBe(true);
  });

  it("becomes readable by a send, and is not after it was consumed", () => {
    const wakeup = make(watchThread);
    wakeup.consume();
    expect(signalled(wakeup)).toBe(0);
    expect(sendWakeup(wakeup.control)).toBe(true);
    expect(pollOne(wakeup.fd, POLLIN)).toBe(POLLIN);
    expect(signalled(wakeup)).toBe(SIGNALLED);
    expect(signalled(wakeup)).toBe(0);
  });

  it("makes one of many sends", () => {
    const wakeup = make(watchThread);
    for (let round = 0; round < 1000; round++) expect(wakeup.send()).toBe(true);
    expect(signalled(wakeup)).toBe(SIGNALLED);
    expect(signalled(wakeup)).toBe(0);
  });

  it("counts a send into a full counter as sent", () => {
    const wakeup = make(watchThread);
    sys.write(at(wakeup.control, DESCRIPTOR), BigUint64Array.of(2n ** 64n - 2n));
    expect(wakeup.send()).toBe(true);
    expect(signalled(wakeup)).toBe(SIGNALLED);
  });

  it("refuses sends once closed, leaves nothing open, and closes once", () => {
    const before = countDescriptors();
    const wakeup = make(watchThread);
    expect(countDescriptors()).toBe(before + (watchThread ? 3 : 1));
    wakeup.send();
    wakeup.close();
    wakeup.close();
    wakeup[Symbol.dispose]();
    expect(countDescriptors()).toBe(before);
    expect([wakeup.fd, wakeup.consume(), wakeup.send(), sendWakeup(wakeup.control)]).toEqual([-1, 0, false, false]);
    expect([wakeup.control[DESCRIPTOR], wakeup.control[STATE]]).toEqual([-1, CLOSED]);
    for (const action of [() => wakeup.wait(0), () => wakeup.reopen(), () => wakeup.watchThread(true)]) {
      expect(catchError(action).code).toBe("ERR_INVALID_STATE");
    }
  });

  it("waits until it is signalled, without consuming", () => {
    const wakeup = make(watchThread);
    wakeup.send();
    for (const ms of [0, 0.5, 1000, -1]) expect(wakeup.wait(ms)).toBe(true);
    expect(signalled(wakeup)).toBe(SIGNALLED);
  });

  it("reopens: the new descriptor is signalled, the old one closed, and senders use the new one", () => {
    const wakeup = make(watchThread);
    const before = countDescriptors();
    const old = wakeup.control[DESCRIPTOR];
    expect(wakeup.reopen()).toBe(0);
    expect(countDescriptors()).toBe(before);
    expect(wakeup.control[DESCRIPTOR]).not.toBe(old);
    expect(wakeup.control[STATE]).toBe(0);
    expect(signalled(wakeup)).toBe(SIGNALLED);
    expect(sendWakeup(wakeup.control)).toBe(true);
    expect(pollOne(wakeup.fd, POLLIN)).toBe(POLLIN);
    expect(signalled(wakeup)).toBe(SIGNALLED);
  });

  it("reopens after somebody else closed it, and leaves the file alone that took its number", () => {
    const wakeup = make(watchThread);
    const numbers = [wakeup.fd, at(wakeup.control, DESCRIPTOR)];
    for (const fd of new Set(numbers)) sys.close(fd);
    expect(wakeup.consume()).toBe(-EBADF);
    const strangers = [own(sys.eventfd()), own(sys.eventfd())];
    expect(strangers).toEqual(expect.arrayContaining([...new Set(numbers)]));
    expect(wakeup.reopen()).toBe(0);
    for (const fd of strangers) expect(readlinkSync(`/proc/self/fd/${String(fd)}`)).toContain("eventfd");
    expect(strangers.map((fd) => pollOne(fd, POLLIN))).toEqual([0, 0]);
    wakeup.consume();
    expect(wakeup.send()).toBe(true);
    expect(signalled(wakeup)).toBe(SIGNALLED);
    expect(strangers.map((fd) => pollOne(fd, POLLIN))).toEqual([0, 0]);
  });

  it("keeps what it has when reopening fails, and says which errno stood against it", () => {
    const wakeup = make(watchThread);
    const fd = wakeup.fd;
    const limit = sys.descriptorLimit();
    sys.setDescriptorLimit(3);
    const result = wakeup.reopen();
    const thrown = catchError(() => make(watchThread));
    sys.setDescriptorLimit(limit);
    expect([result, wakeup.fd]).toEqual([-EMFILE, fd]);
    expect(thrown.code).toBe("EMFILE");
    expect(wakeup.send()).toBe(true);
  });

  it("does not leak over 2000 lives", () => {
    const before = countDescriptors();
    for (let round = 0; round < 2000; round++) {
      using wakeup = new Wakeup({ watchThread });
      if (round % 2) wakeup.reopen();
    }
    expect(countDescriptors()).toBe(before);
  });
});

describe("Wakeup", () => {
  it("waits no shorter than asked, and false is the answer", () => {
    const wakeup = make();
    const times = new Float64Array(2);
    for (const ms of [0.3, 2.5]) {
      sys.clock(times);
      const start = at(times, 0);
      expect(wakeup.wait(ms)).toBe(false);
      sys.clock(times);
      expect(at(times, 0) - start).toBeGreaterThanOrEqual(ms);
    }
  });

  it("gives false for a descriptor that somebody closed", () => {
    const wakeup = make();
    sys.close(wakeup.fd);
    expect(wakeup.send()).toBe(false);
    expect(wakeup.control[STATE]).toBe(0);
  });

  it("is never one of the standard descriptors, even when these are free", () => {
    const stdin = own(sys.dup(0));
    sys.close(0);
    const wakeup = make();
    expect(sys.dup(stdin)).toBe(0);
    expect(wakeup.fd).toBeGreaterThan(2);
  });

  it("has methods that refuse any other object", () => {
    const stranger = Object.create(Wakeup.prototype) as Wakeup;
    expect(catchError(() => stranger.consume()).name).toBe("TypeError");
  });

  it("can watch the thread only when it was made for that", () => {
    expect(catchError(() => make(false).watchThread(true)).code).toBe("ERR_INVALID_STATE");
    const wakeup = make(true);
    for (const on of [true, false, false, true]) expect(wakeup.watchThread(on)).toBe(0);
    expect(catchError(() => wakeup.watchThread(1 as unknown as boolean)).code).toBe("ERR_INVALID_ARG_TYPE");
  });
});
