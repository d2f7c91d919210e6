import { constants } from "node:os";
import { afterEach, describe, expect, it } from "@jest/globals";
import * as sys from "../src/index.js";
import {
  closeAll,
  closedDescriptor,
  disown,
  openPipe,
  openSocketpair,
  own,
  POLLERR,
  POLLIN,
  POLLOUT,
  pollOne,
} from "./support.js";

const {
  EACCES,
  EADDRINUSE,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  ECONNREFUSED,
  EDESTADDRREQ,
  EINVAL,
  ENOPROTOOPT,
  ENOTCONN,
  ENOTSOCK,
  EOPNOTSUPP,
  EPIPE,
} = constants.errno;

function connectPair(host: string): { server: number; client: number; peer: number } {
  const server = own(sys.listenTcp(host, 0));
  const client = own(sys.connectTcp(host, sys.localPort(server)));
  expect(pollOne(server, POLLIN, 5000)).toBe(POLLIN);
  const peer = own(sys.accept(server));
  expect(pollOne(client, POLLOUT, 5000)).toBe(POLLOUT);
  expect(sys.socketError(client)).toBe(0);
  return { server, client, peer };
}

/** A socket that receives datagrams, and one that sends to it. */
function udpPair(host: string): { receiver: number; sender: number } {
  const receiver = own(sys.bindUdp(host, 0));
  return { receiver, sender: own(sys.connectUdp(host, sys.localPort(receiver))) };
}

/** What one read of `fd` gives, once there is something to read. */
function receive(fd: number, size = 16): string {
  expect(pollOne(fd, POLLIN, 5000)).toBe(POLLIN);
  const view = Buffer.alloc(size);
  const count = sys.read(fd, view);
  return count < 0 ? sys.errnoName(count) : view.toString("latin1", 0, count);
}

/** Whether this machine has IPv6 at all. */
const ipv6 = (() => {
  const fd = sys.listenTcp("::1", 0);
  if (fd >= 0) sys.close(fd);
  return fd >= 0;
})();
// The reason of every test that is skipped below.
if (!ipv6) console.log("skipped: IPv6, this machine has no ::1");

afterEach(closeAll);

describe("listenTcp, connectTcp and accept", () => {
  it.each([["127.0.0.1"], ["localhost"], ...(ipv6 ? [["::1"]] : [])])("connect over %s", (host) => {
    const { client, peer } = connectPair(host);
    sys.write(client, Buffer.from("ping"));
    expect(receive(peer)).toBe("ping");
  });

  (ipv6 ? it : it.skip)("accept IPv4 on ::, too", () => {
    const server = own(sys.listenTcp("::", 0));
    own(sys.connectTcp("127.0.0.1", sys.localPort(server)));
    expect(pollOne(server, POLLIN, 5000)).toBe(POLLIN);
    own(sys.accept(server));
  });

  it("give -EAGAIN when no connection waits, -EINVAL when the socket does not listen", () => {
    const { server, peer } = connectPair("127.0.0.1");
    expect(sys.accept(server)).toBe(-EAGAIN);
    expect(sys.accept(peer)).toBe(-EINVAL);
    expect(sys.accept(openPipe()[0])).toBe(-ENOTSOCK);
    expect(sys.accept(closedDescriptor())).toBe(-EBADF);
  });

  it("give -EADDRINUSE and leave nothing open, unless both ask for reusePort", () => {
    const port = sys.localPort(own(sys.listenTcp("127.0.0.1", 0, { backlog: 1 })));
    expect(sys.listenTcp("127.0.0.1", port)).toBe(-EADDRINUSE);
    expect(sys.listenTcp("127.0.0.1", port, { reusePort: true })).toBe(-EADDRINUSE);
    const shared = sys.localPort(own(sys.listenTcp("127.0.0.1", 0, { reusePort: true })));
    own(sys.listenTcp("127.0.0.1", shared, { reusePort: true, backlog: 2 ** 31 - 1 }));
  });

  it("find a port free again at once after its connections were closed", () => {
    const { server, client, peer } = connectPair("127.0.0.1");
    const port = sys.localPort(server);
    for (const fd of [peer, client, server]) sys.close(disown(fd));
    own(sys.listenTcp("127.0.0.1", port));
  });
});

describe("bindUdp and connectUdp", () => {
  it.each([["127.0.0.1"], ["localhost"], ...(ipv6 ? [["::1"]] : [])])("move datagrams over %s, each whole", (host) => {
    const { receiver, sender } = udpPair(host);
    for (const text of ["one", "", "three"]) expect(sys.write(sender, Buffer.from(text))).toBe(text.length);
    expect([receive(receiver), receive(receiver), receive(receiver)]).toEqual(["one", "", "three"]);
    expect(sys.read(receiver, new Uint8Array(16))).toBe(-EAGAIN);
  });

  (ipv6 ? it : it.skip)("receive IPv4 on ::, too", () => {
    const receiver = own(sys.bindUdp("::", 0));
    const sender = own(sys.connectUdp("127.0.0.1", sys.localPort(receiver)));
    sys.write(sender, Buffer.from("four"));
    expect(receive(receiver)).toBe("four");
  });

  it("lose what does not fit into the view", () => {
    const { receiver, sender } = udpPair("127.0.0.1");
    for (const text of ["long", "next"]) sys.write(sender, Buffer.from(text));
    expect([receive(receiver, 2), receive(receiver, 16)]).toEqual(["lo", "next"]);
  });

  it("connected, hear their peer only and have a port of their own; bound, have no peer", () => {
    const { receiver, sender } = udpPair("127.0.0.1");
    const port = sys.localPort(sender);
    expect(port).toBeGreaterThan(0);
    expect(port).not.toBe(sys.localPort(receiver));
    const stranger = own(sys.connectUdp("127.0.0.1", port));
    sys.write(stranger, Buffer.from("not heard"));
    expect(pollOne(sender, POLLIN, 50) & POLLIN).toBe(0);
    expect(sys.write(receiver, new Uint8Array(1))).toBe(-EDESTADDRREQ);
  });

  it.each<[string, (sender: number) => number]>([
    ["read", (sender) => sys.read(sender, new Uint8Array(1))],
    ["write", (sender) => sys.write(sender, new Uint8Array(1))],
    ["socketError", (sender) => -sys.socketError(sender)],
  ])("tell by %s, once, that the peer is gone", (_, ask) => {
    const { receiver, sender } = udpPair("127.0.0.1");
    expect(sys.socketError(sender)).toBe(0);
    sys.close(disown(receiver));
    expect(sys.write(sender, Buffer.from("to nobody"))).toBe(9);
    expect(pollOne(sender, POLLIN, 5000) & POLLERR).toBe(POLLERR);
    expect(ask(sender)).toBe(-ECONNREFUSED);
    expect(sys.socketError(sender)).toBe(0);
  });

  it("never share a port, and find it free at once when it was closed", () => {
    const receiver = own(sys.bindUdp("127.0.0.1", 0));
    const port = sys.localPort(receiver);
    expect(sys.bindUdp("127.0.0.1", port)).toBe(-EADDRINUSE);
    sys.close(disown(receiver));
    own(sys.bindUdp("127.0.0.1", port));
  });

  it("give negative errnos", () => {
    const receiver = own(sys.bindUdp("127.0.0.1", 0));
    expect(sys.connectUdp("255.255.255.255", 80)).toBe(-EACCES);
    expect(sys.accept(receiver)).toBe(-EOPNOTSUPP);
    expect(sys.shutdown(receiver, "both")).toBe(-ENOTCONN);
  });
});

describe("socketError", () => {
  it("gives the pending error as a positive number, once", () => {
    const server = sys.listenTcp("127.0.0.1", 0);
    const port = sys.localPort(server);
    sys.close(server);
    const client = own(sys.connectTcp("127.0.0.1", port));
    pollOne(client, POLLOUT, 5000);
    expect(sys.socketError(client)).toBe(ECONNREFUSED);
    expect(sys.socketError(client)).toBe(0);
  });

  it("is negative when the call itself fails", () => {
    expect(sys.socketError(openPipe()[0])).toBe(-ENOTSOCK);
    expect(sys.socketError(closedDescriptor())).toBe(-EBADF);
  });
});

describe("shutdown", () => {
  it.each(["write", "both"] as const)("of %s ends the stream for the other side", (how) => {
    const [left, right] = openSocketpair();
    expect(sys.shutdown(left, how)).toBe(0);
    expect(sys.read(right, new Uint8Array(1))).toBe(0);
    expect(sys.write(left, new Uint8Array(1))).toBe(-EPIPE);
  });

  it("of read ends the stream for this side", () => {
    const [left] = openSocketpair();
    expect(sys.shutdown(left, "read")).toBe(0);
    expect(sys.read(left, new Uint8Array(1))).toBe(0);
  });

  it("gives negative errnos", () => {
    expect(sys.shutdown(own(sys.connectTcp("127.0.0.1", 1)), "write")).toBe(-ENOTCONN);
    expect(sys.shutdown(openPipe()[0], "both")).toBe(-ENOTSOCK);
    expect(sys.shutdown(closedDescriptor(), "both")).toBe(-EBADF);
  });
});

describe("localPort", () => {
  it("gives the port, and -EAFNOSUPPORT where there are none", () => {
    expect(sys.localPort(own(sys.listenTcp("127.0.0.1", 0)))).toBeGreaterThan(0);
    expect(sys.localPort(openSocketpair()[0])).toBe(-EAFNOSUPPORT);
    expect(sys.localPort(openPipe()[0])).toBe(-ENOTSOCK);
    expect(sys.localPort(closedDescriptor())).toBe(-EBADF);
  });
});

describe("setNoDelay", () => {
  it("is accepted by TCP only", () => {
    const { client } = connectPair("127.0.0.1");
    expect(sys.setNoDelay(client, true)).toBe(0);
    expect(sys.setNoDelay(client, false)).toBe(0);
    expect(sys.setNoDelay(openSocketpair()[0], true)).toBe(-EOPNOTSUPP);
    expect(sys.setNoDelay(own(sys.bindUdp("127.0.0.1", 0)), true)).toBe(-ENOPROTOOPT);
    expect(sys.setNoDelay(closedDescriptor(), true)).toBe(-EBADF);
  });
});
