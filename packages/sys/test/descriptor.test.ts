import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { afterEach, describe, expect, it } from "@jest/globals";
import * as sys from "../src/index.js";
import { closeAll, closedDescriptor, countDescriptors, disown, flagsOf, openPipe, own } from "./support.js";

const { EBADF, EPERM } = constants.errno;

afterEach(closeAll);

describe("close", () => {
  it("closes once, and gives -EBADF then", () => {
    const [reader] = openPipe();
    expect(sys.close(disown(reader))).toBe(0);
    expect(sys.close(reader)).toBe(-EBADF);
  });
});

describe("dup", () => {
  it("makes a second number for the same file", () => {
    const [reader, writer] = openPipe();
    const second = own(sys.dup(writer));
    sys.close(disown(writer));
    expect(sys.write(second, Buffer.from("x"))).toBe(1);
    expect(sys.read(reader, new Uint8Array(2))).toBe(1);
    expect(sys.dup(closedDescriptor())).toBe(-EBADF);
  });
});

describe("setNonBlocking", () => {
  it("sets and clears the flag, and is content when it is so already", () => {
    const [reader] = openPipe();
    for (const on of [false, false, true, true]) {
      expect(sys.setNonBlocking(reader, on)).toBe(0);
      expect(flagsOf(reader)).toEqual({ nonBlocking: on, closeOnExec: true });
    }
    expect(sys.setNonBlocking(closedDescriptor(), true)).toBe(-EBADF);
  });
});

describe("descriptorLimit and setDescriptorLimit", () => {
  const [, soft = "", hard = ""] =
    /^Max open files\s+(\w+)\s+(\w+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  const original = sys.descriptorLimit();
  afterEach(() => {
    sys.setDescriptorLimit(original);
  });

  it("tell the soft limit", () => {
    expect(String(original)).toBe(soft === "unlimited" ? String(2 ** 31 - 1) : soft);
  });

  it("change the soft limit and leave the hard one alone", () => {
    expect(sys.setDescriptorLimit(original - 1)).toBe(original - 1);
    expect(sys.descriptorLimit()).toBe(original - 1);
    expect(readFileSync("/proc/self/limits", "utf8")).toMatch(
      new RegExp(`^Max open files\\s+${String(original - 1)}\\s+${hard}\\s`, "m"),
    );
    expect(sys.setDescriptorLimit(original)).toBe(original);
  });

  it("give -EPERM above the hard limit, also to root", () => {
    if (hard === "unlimited" || Number(hard) >= 2 ** 31 - 1) {
      console.log(`skipped: the hard limit is ${hard}, there is nothing above it`);
      return;
    }
    expect(sys.setDescriptorLimit(Number(hard) + 1)).toBe(-EPERM);
    expect(sys.descriptorLimit()).toBe(original);
  });

  it("bound the next descriptor", () => {
    sys.setDescriptorLimit(3);
    const result = sys.eventfd();
    sys.setDescriptorLimit(original);
    expect(result).toBe(-constants.errno.EMFILE);
  });
});

describe("errnoName and errnoMessage", () => {
  const names = Object.entries(constants.errno);

  it("know every errno that Node knows", () => {
    for (const [, number] of names) {
      const candidates = names.filter(([, other]) => other === number).map(([name]) => name);
      expect(candidates).toContain(sys.errnoName(number));
      expect(sys.errnoName(-number)).toBe(sys.errnoName(number));
    }
    expect(sys.errnoName(constants.errno.EWOULDBLOCK)).toBe("EAGAIN");
  });

  it("know the newest errno of Linux, and have a stable text for others", () => {
    expect(sys.errnoName(133)).toBe("EHWPOISON");
    expect(sys.errnoName(1234)).toBe("E#1234");
    expect(sys.errnoName(-2147483647)).toBe("E#2147483647");
    expect(sys.errnoName(0)).toBe("E#0");
  });

  it("say in words what happened", () => {
    expect(sys.errnoMessage(constants.errno.ENOENT)).toBe("No such file or directory");
    expect(sys.errnoMessage(-constants.errno.ENOENT)).toBe("No such file or directory");
    expect(sys.errnoMessage(99_999)).toContain("99999");
  });
});

describe("descriptors", () => {
  it("do not leak where making them fails half-way", () => {
    const port = sys.localPort(own(sys.listenTcp("127.0.0.1", 0)));
    const udpPort = sys.localPort(own(sys.bindUdp("127.0.0.1", 0)));
    const before = countDescriptors();
    for (let round = 0; round < 100; round++) {
      expect(sys.listenTcp("127.0.0.1", port)).toBeLessThan(0);
      expect(sys.connectTcp("255.255.255.255", 80)).toBeLessThan(0);
      expect(sys.bindUdp("127.0.0.1", udpPort)).toBeLessThan(0);
      expect(sys.connectUdp("255.255.255.255", 80)).toBeLessThan(0);
    }
    expect(countDescriptors()).toBe(before);
  });
});
