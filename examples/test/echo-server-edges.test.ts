/** What a real echo server meets: peers that do not read, that vanish, that say goodbye half way, and too many of them. */
import { Buffer } from "node:buffer";
import { constants } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { epoll } from "@polyloop/backend-epoll";
import { Loop } from "@polyloop/loop-core";
import { close, connectTcp, descriptorLimit, dup, read, setDescriptorLimit, shutdown, write } from "@polyloop/sys";
import { EchoServer } from "../echo-server/echo-server.js";

const { EAGAIN, ENOTCONN } = constants.errno;

let loop: Loop;
let server: EchoServer;

beforeEach(() => {
  loop = new Loop({ backend: epoll() });
  server = new EchoServer(loop, "127.0.0.1", 0);
});

afterEach(() => {
  server.close();
  expect(loop.run("nowait")).toBe(false);
  loop.close();
});

/** Turns the loop until something is the case; a generous limit turns a hang into a failure. */
function turnUntil(condition: () => boolean): void {
  const tick = loop.timer(0, () => {}, { repeat: 1 });
  const limit = loop.timer(30_000, () => {});
  while (!condition()) {
    if (!limit.active) throw new Error("it never came to that");
    loop.run("once");
  }
  tick.stop();
  limit.stop();
}

function connect(): number {
  const fd = connectTcp("127.0.0.1", server.port);
  expect(fd).toBeGreaterThanOrEqual(0);
  return fd;
}

/** Writes as much as there is room for. */
function writeSome(fd: number, bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const length = write(fd, bytes, at);
    if (length === -EAGAIN || length === -ENOTCONN) break;
    expect(length).toBeGreaterThan(0);
    at += length;
  }
  return at;
}

describe("the echo server", () => {
  it("stops reading from a peer that does not read, and loses nothing of what was sent before its half-close", () => {
    const message = Buffer.alloc(32 * 1024 * 1024, "0123456789abcdef!");
    const fd = connect();
    turnUntil(() => server.connections.size === 1);

    // Without reading: it has to come to a standstill, with what the kernel's buffers hold, long before all is sent.
    let sent = 0;
    let idle = 0;
    turnUntil(() => {
      const before = sent;
      sent = writeSome(fd, message, sent);
      idle = sent === before ? idle + 1 : 0;
      return idle === 50;
    });
    expect(sent).toBeLessThan(message.length);

    expect(shutdown(fd, "write")).toBe(0);
    const echo = Buffer.alloc(sent + 1);
    let received = 0;
    let length = 1;
    turnUntil(() => {
      do {
        length = read(fd, echo, received);
        if (length > 0) received += length;
      } while (length > 0);
      return length === 0;
    });
    expect(received).toBe(sent);
    expect(echo.subarray(0, received).equals(message.subarray(0, sent))).toBe(true);
    turnUntil(() => server.connections.size === 0);
    close(fd);
  });

  it("forgets a peer that resets its connection, also while it waits for room to write", () => {
    const message = Buffer.alloc(1024 * 1024);
    const fds = [connect(), connect()];
    const [brief = -1, stuck = -1] = fds;
    turnUntil(() => server.connections.size === 2);
    writeSome(brief, Buffer.from("echo me"), 0);
    let sent = 0;
    let idle = 0;
    turnUntil(() => {
      const more = writeSome(stuck, message, sent % message.length);
      idle = more === sent % message.length ? idle + 1 : 0;
      sent = more;
      return idle === 50;
    });
    // Closing with something unread resets the connection.
    for (const fd of fds) close(fd);
    turnUntil(() => server.connections.size === 0);
  });

  it("waits without spinning while it has no descriptor for a connection, then accepts it", () => {
    const fds = [connect(), connect(), connect()];
    const limit = descriptorLimit();
    // The lowest free number as the limit: not one more descriptor can be opened.
    const free = dup(fds[0] ?? -1);
    close(free);
    try {
      expect(setDescriptorLimit(free)).toBe(free);
      turnUntil(() => server.pauses > 0);
      const turns = loop.iteration;
      loop.timer(300, () => {
        loop.break();
      });
      loop.run();
      expect(loop.iteration - turns).toBeLessThan(50);
      expect(server.connections.size).toBe(0);
    } finally {
      setDescriptorLimit(limit);
    }
    turnUntil(() => server.connections.size === 3);
    for (const fd of fds) close(fd);
    turnUntil(() => server.connections.size === 0);
  });

  it("ends its connections when it is closed", () => {
    const other = new EchoServer(loop, "127.0.0.1", 0);
    const fd = connectTcp("127.0.0.1", other.port);
    turnUntil(() => other.connections.size === 1);
    other.close();
    expect(other.connections.size).toBe(0);
    turnUntil(() => read(fd, Buffer.alloc(1)) === 0);
    close(fd);
  });
});
