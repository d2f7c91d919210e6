import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import * as sys from "../src/index.js";
import { at, closeAll, closedDescriptor, flagsOf, openPipe, openSocketpair, own, POLLIN, pollOne } from "./support.js";

const { EAGAIN, EINVAL, ENOENT, ESRCH, EBADF } = constants.errno;
const IN_CREATE = 0x100;
const IN_IGNORED = 0x8000;
const IN_ONESHOT = 1 << 31;

afterEach(closeAll);

describe("everything made", () => {
  const makers: Record<string, () => number[]> = {
    pipe: openPipe,
    "socketpair of streams": () => openSocketpair("stream"),
    "socketpair of messages": () => openSocketpair("dgram"),
    openpty: () => {
      const out = new Int32Array(2);
      expect(sys.openpty(out)).toBe(0);
      return [own(at(out, 0)), own(at(out, 1))];
    },
    eventfd: () => [own(sys.eventfd())],
    timerfd: () => [own(sys.timerfd(1, 0))],
    pidfdOpen: () => [own(sys.pidfdOpen(process.pid))],
    inotifyInit: () => [own(sys.inotifyInit())],
    "listenTcp, connectTcp and accept": () => {
      const server = own(sys.listenTcp("127.0.0.1", 0));
      const client = own(sys.connectTcp("127.0.0.1", sys.localPort(server)));
      pollOne(server, POLLIN, 5000);
      return [server, client, own(sys.accept(server))];
    },
    "bindUdp and connectUdp": () => {
      const receiver = own(sys.bindUdp("127.0.0.1", 0));
      return [receiver, own(sys.connectUdp("127.0.0.1", sys.localPort(receiver)))];
    },
    "dup of these": () => [own(sys.dup(own(sys.eventfd())))],
  };

  it.each(Object.keys(makers))("by %s is non-blocking and close-on-exec", (name) => {
    const descriptors = makers[name]?.() ?? [];
    expect(descriptors.length).toBeGreaterThan(0);
    for (const fd of descriptors) expect(flagsOf(fd)).toEqual({ nonBlocking: true, closeOnExec: true });
  });
});

describe("openpty", () => {
  it("connects a master and a slave in the default mode", () => {
    const out = new Int32Array(2);
    expect(sys.openpty(out)).toBe(0);
    const [master, slave] = [own(at(out, 0)), own(at(out, 1))];
    expect(sys.write(master, Buffer.from("line\n"))).toBe(5);
    expect(pollOne(slave, POLLIN, 5000)).toBe(POLLIN);
    const view = Buffer.alloc(32);
    expect(view.toString("latin1", 0, sys.read(slave, view))).toBe("line\n");
    // The echo, with the carriage return that ONLCR adds, shows that the mode was left alone.
    expect(view.toString("latin1", 0, sys.read(master, view))).toBe("line\r\n");
  });
});

describe("eventfd", () => {
  it.each([
    [undefined, -EAGAIN],
    [0, -EAGAIN],
    [7, 7],
    [0xfffffffe, 0xfffffffe],
  ])("starts at %p", (initial, expected) => {
    const fd = own(sys.eventfd(initial));
    const count = new BigUint64Array(1);
    const result = sys.read(fd, count);
    expect(result === 8 ? Number(count[0]) : result).toBe(expected);
  });
});

describe("pidfdOpen", () => {
  it("becomes readable when the process ends", async () => {
    const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const fd = own(sys.pidfdOpen(child.pid as number));
    expect(pollOne(fd, POLLIN)).toBe(0);
    child.kill("SIGKILL");
    expect(pollOne(fd, POLLIN, 20_000)).toBe(POLLIN);
    await exited;
  });

  it("gives -ESRCH when there is no such process", () => {
    expect(sys.pidfdOpen(2 ** 31 - 1)).toBe(-ESRCH);
  });
});

describe("inotify", () => {
  const directory = mkdtempSync(join(tmpdir(), "polyloop-sys-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("reports changes of a watched path until the watch is removed", () => {
    const fd = own(sys.inotifyInit());
    const wd = sys.inotifyAddWatch(fd, directory, IN_CREATE);
    expect(wd).toBeGreaterThan(0);
    writeFileSync(join(directory, "file"), "");
    expect(pollOne(fd, POLLIN, 5000)).toBe(POLLIN);
    const event = new Int32Array(64);
    expect(sys.read(fd, event)).toBeGreaterThan(0);
    expect([event[0], event[1]]).toEqual([wd, IN_CREATE]);
    expect(sys.inotifyRemoveWatch(fd, wd)).toBe(0);
    expect(sys.read(fd, event)).toBe(16);
    expect(event[1]).toBe(IN_IGNORED);
    expect(sys.inotifyRemoveWatch(fd, wd)).toBe(-EINVAL);
  });

  it("takes bit 31 of the mask in both spellings", () => {
    const fd = own(sys.inotifyInit());
    expect(sys.inotifyAddWatch(fd, directory, IN_CREATE | IN_ONESHOT)).toBeGreaterThan(0);
    expect(sys.inotifyAddWatch(fd, directory, (IN_CREATE | IN_ONESHOT) >>> 0)).toBeGreaterThan(0);
  });

  it("gives negative errnos", () => {
    const fd = own(sys.inotifyInit());
    expect(sys.inotifyAddWatch(fd, join(directory, "missing"), IN_CREATE)).toBe(-ENOENT);
    expect(sys.inotifyAddWatch(fd, "", IN_CREATE)).toBe(-ENOENT);
    expect(sys.inotifyAddWatch(fd, directory, 0)).toBe(-EINVAL);
    expect(sys.inotifyAddWatch(closedDescriptor(), directory, IN_CREATE)).toBe(-EBADF);
  });
});
