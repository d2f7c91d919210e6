import { constants } from "node:os";
import { afterEach, describe, expect, it } from "@jest/globals";
import { close, connectTcp, listenTcp, accept, localPort, read, sendUrgent, write } from "../src/index.js";
import {
  closeAll,
  closedDescriptor,
  disown,
  openPipe,
  openSocketpair,
  own,
  POLLIN,
  POLLPRI,
  pollOne,
} from "./support.js";

const { EAGAIN, EBADF, EPIPE, ENOTSOCK } = constants.errno;

afterEach(closeAll);

describe("read and write", () => {
  it("move bytes and say how many", () => {
    const [reader, writer] = openPipe();
    expect(write(writer, Buffer.from("hello"))).toBe(5);
    const view = new Uint8Array(16);
    expect(read(reader, view)).toBe(5);
    expect(Buffer.from(view.subarray(0, 5)).toString()).toBe("hello");
  });

  it("keep to offset and length", () => {
    const [reader, writer] = openPipe();
    expect(write(writer, Buffer.from("abcdef"), 1, 3)).toBe(3);
    const view = new Uint8Array(8).fill(46);
    expect(read(reader, view, 2, 2)).toBe(2);
    expect(Buffer.from(view).toString()).toBe("..bc....");
    expect(read(reader, view, 7)).toBe(1);
    expect(Buffer.from(view).toString()).toBe("..bc...d");
  });

  const source = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
  it.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ] as (new (
    buffer: ArrayBuffer,
    offset: number,
  ) => ArrayBufferView)[])("count in bytes for %p, from where it begins in its buffer", (View) => {
    const [reader, writer] = openPipe();
    const sent = new ArrayBuffer(24);
    new Uint8Array(sent, 8).set(source);
    expect(write(writer, new View(sent, 8))).toBe(16);
    const received = new ArrayBuffer(24);
    expect(read(reader, new View(received, 8), 1)).toBe(15);
    expect(new Uint8Array(received, 8)).toEqual(Uint8Array.of(0, ...source.subarray(0, 15)));
  });

  it("take nothing and give 0 for a length of 0, also at the very end and for an empty view", () => {
    const [reader, writer] = openPipe();
    write(writer, Buffer.from("x"));
    expect(read(reader, new Uint8Array(4), 4)).toBe(0);
    expect(read(reader, new Uint8Array(4), 0, 0)).toBe(0);
    expect(read(reader, new Uint8Array(0))).toBe(0);
    expect(read(reader, new DataView(new ArrayBuffer(0)))).toBe(0);
    expect(pollOne(reader, POLLIN)).toBe(POLLIN);
  });

  it("give -EAGAIN when there is nothing to read and when there is no room", () => {
    const [reader, writer] = openPipe();
    expect(read(reader, new Uint8Array(1))).toBe(-EAGAIN);
    const block = new Uint8Array(65536);
    let total = 0;
    let count = write(writer, block);
    for (; count > 0; count = write(writer, block)) total += count;
    expect(total).toBeGreaterThan(0);
    expect(count).toBe(-EAGAIN);
  });

  it("give 0 at the end of the stream", () => {
    const [reader, writer] = openPipe();
    close(disown(writer));
    expect(read(reader, new Uint8Array(1))).toBe(0);
  });

  it("give -EBADF for a descriptor that is closed", () => {
    const fd = closedDescriptor();
    expect(read(fd, new Uint8Array(1))).toBe(-EBADF);
    expect(write(fd, new Uint8Array(1))).toBe(-EBADF);
  });

  it("give -EPIPE and raise no SIGPIPE when nobody reads", () => {
    const [reader, writer] = openPipe();
    close(disown(reader));
    expect(write(writer, new Uint8Array(1))).toBe(-EPIPE);
    const [left, right] = openSocketpair();
    close(disown(left));
    expect(write(right, new Uint8Array(1))).toBe(-EPIPE);
  });

  it("keep the bounds of messages on a dgram pair", () => {
    const [left, right] = openSocketpair("dgram");
    write(left, Buffer.from("ab"));
    write(left, Buffer.from("cde"));
    expect(read(right, new Uint8Array(8))).toBe(2);
    expect(read(right, new Uint8Array(8))).toBe(3);
  });
});

describe("sendUrgent", () => {
  it("sends a byte that poll(2) reports as POLLPRI", () => {
    const server = own(listenTcp("127.0.0.1", 0));
    const client = own(connectTcp("127.0.0.1", localPort(server)));
    expect(pollOne(server, POLLIN, 5000)).toBe(POLLIN);
    const peer = own(accept(server));
    expect(sendUrgent(client, 33)).toBe(1);
    expect(pollOne(peer, POLLPRI, 5000)).toBe(POLLPRI);
  });

  it("gives a negative errno where there is no urgent data", () => {
    const [, writer] = openPipe();
    expect(sendUrgent(writer, 1)).toBe(-ENOTSOCK);
    expect(sendUrgent(closedDescriptor(), 1)).toBe(-EBADF);
  });
});
