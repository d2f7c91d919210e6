import { MessageChannel } from "node:worker_threads";
import { constants } from "node:os";
import { afterEach, describe, expect, it } from "@jest/globals";
import { close, read, write } from "../src/index.js";
import { native } from "../src/native.js";
import { FD, LENGTH, OFFSET, PinnedTransfer, REFUSED, RESULT } from "../src/pinned.js";
import { catchError, closeAll, closedDescriptor, disown, openPipe } from "./support.js";

const { EAGAIN, EBADF, EPIPE } = constants.errno;

const Resizable = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(length: number): void };

/** Not in the library of the compiler without that of browsers. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): number } };
};

afterEach(closeAll);

/** A pipe, and `view` pinned for both directions: the second use in a row pins, and the third is the first that gains. */
function pinBoth(view: Uint8Array): [number, number] {
  const [reader, writer] = openPipe();
  for (let use = 0; use < 3; use++) {
    expect(write(writer, view, 0, 1)).toBe(1);
    expect(read(reader, view, 0, 1)).toBe(1);
  }
  return [reader, writer];
}

const isPinned = (view: unknown): boolean => {
  const transfer = new PinnedTransfer("read");
  for (let use = 0; use < 3; use++) transfer.note(view);
  return transfer.view === view;
};

describe("what is pinned", () => {
  it("is a small Uint8Array or Buffer, also a part of a buffer, also of a subclass", () => {
    class Sub extends Uint8Array {}
    for (const view of [
      new Uint8Array(1),
      Buffer.alloc(9),
      new Uint8Array(65536),
      new Uint8Array(new ArrayBuffer(9), 3),
    ])
      expect(isPinned(view)).toBe(true);
    expect(isPinned(new Sub(4))).toBe(true);
  });

  it.each<[string, unknown]>([
    ["that is empty", new Uint8Array(0)],
    ["over more than 64 KiB", new Uint8Array(65537)],
    ["over a part of more than 64 KiB", new Uint8Array(new ArrayBuffer(65537), 0, 1)],
    ["of another kind", new Int8Array(8)],
    ["of clamped bytes", new Uint8ClampedArray(8)],
    ["that is a DataView", new DataView(new ArrayBuffer(8))],
    ["that is a Proxy", new Proxy(new Uint8Array(8), {})],
    ["that only inherits from one", Object.create(new Uint8Array(8))],
    ["that is none", undefined],
  ])("is no view %s", (_, view) => {
    expect(isPinned(view)).toBe(false);
  });

  it("is no view that hides with a lying getter that its memory is resizable or shared", () => {
    class Liar extends Uint8Array {
      override get buffer(): ArrayBuffer {
        return new ArrayBuffer(8);
      }
    }
    expect(isPinned(new Liar(new Resizable(8, { maxByteLength: 64 })))).toBe(false);
    expect(isPinned(new Liar(new SharedArrayBuffer(8) as unknown as ArrayBuffer))).toBe(false);
    const buffer = new Resizable(8, { maxByteLength: 64 });
    Object.defineProperty(buffer, "resizable", { value: false });
    expect(isPinned(new Uint8Array(buffer))).toBe(false);
  });

  it("is pinned by the second use in a row, and not by programs that alternate", () => {
    const transfer = new PinnedTransfer("read");
    const [one, other] = [new Uint8Array(8), new Uint8Array(8)];
    for (let use = 0; use < 4; use++) {
      for (const view of [one, other]) {
        transfer.note(view);
        expect([one, other]).not.toContain(transfer.view);
      }
    }
    transfer.note(other);
    expect(transfer.view).toBe(other);
    transfer.note(one);
    expect(transfer.view).not.toBe(other);
  });

  it("is nothing any more once another view was refused", () => {
    const transfer = new PinnedTransfer("read");
    const view = new Uint8Array(8);
    for (let use = 0; use < 2; use++) transfer.note(view);
    expect(catchError(() => transfer.note(new Uint8Array(new SharedArrayBuffer(8)))).code).toBe(
      "ERR_INVALID_ARG_VALUE",
    );
    expect(transfer.view).not.toBe(view);
  });
});

describe("read and write of a pinned view", () => {
  it("move the same bytes and give the same errors of the kernel", () => {
    const view = Buffer.from("abcdefgh");
    const [reader, writer] = pinBoth(view);
    expect(write(writer, view, 2, 3)).toBe(3);
    expect(read(reader, view, 5, 3)).toBe(3);
    expect(view.toString()).toBe("abcdecde");
    expect(write(writer, view, 0, 8)).toBe(8);
    expect(read(reader, view, 0, 0)).toBe(0);
    expect(read(reader, view, 8, 0)).toBe(0);
    expect(read(reader, view, 0, 8)).toBe(8);
    expect(read(reader, view, 0, 8)).toBe(-EAGAIN);
    expect(read(reader, view)).toBe(-EAGAIN);
    expect(read(closedDescriptor(), view, 0, 1)).toBe(-EBADF);
    expect(read(reader, view, -0, 1)).toBe(-EAGAIN);
    close(disown(reader));
    expect(write(writer, view, 0, 8)).toBe(-EPIPE);
    const [lonely, gone] = pinBoth(view);
    close(disown(gone));
    expect(read(lonely, view, 0, 8)).toBe(0);
  });

  it("keep the two directions apart", () => {
    const [reader, writer] = openPipe();
    const [sent, received] = [Buffer.from("ab"), Buffer.from("..")];
    for (let round = 0; round < 5; round++) {
      sent[0] = 65 + round;
      expect([write(writer, sent, 0, 2), read(reader, received, 0, 2)]).toEqual([2, 2]);
      expect(received.toString()).toBe(sent.toString());
    }
  });

  const converts = () => {
    throw new Error("a value was converted");
  };
  const bad: readonly unknown[] = [
    ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32, 2 ** 32 + 1, -(2 ** 31), 1e300, 9],
    ...["1", "", null, true, 1n, Symbol("s"), [1], new Date(1), { valueOf: converts, [Symbol.toPrimitive]: converts }],
  ];
  it.each(["fd", "offset", "length"])("refuse every bad %s with the error of a view seen first", (name) => {
    const index = ["fd", "offset", "length"].indexOf(name);
    const pinned = new Uint8Array(8);
    const [reader, writer] = pinBoth(pinned);
    write(writer, pinned, 0, 8);
    for (const value of bad) {
      if (name === "fd" && value === 9) continue;
      for (const use of [read, write]) {
        const attempt = (view: Uint8Array) => {
          const [fd, offset, length] = [use === read ? reader : writer, 1, 1].with(index, value as number);
          return catchError(() => use(fd as number, view, offset, length));
        };
        pinBoth(pinned);
        const thrown = attempt(pinned);
        expect(thrown.code).toMatch(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
        expect(thrown).toEqual(attempt(new Uint8Array(8)));
      }
    }
    closeAll();
  });

  it("refuse a length that only the offset makes too long", () => {
    const view = new Uint8Array(8);
    const [reader] = pinBoth(view);
    for (const [offset, length, most] of [
      [3, 6, 5],
      [8, 1, 0],
      [1, 2 ** 31 - 1, 7],
    ] as const) {
      expect(catchError(() => read(reader, view, offset, length)).message).toBe(
        `read: "length" must be an integer from 0 to ${String(most)}, got ${String(length)}`,
      );
    }
    expect(catchError(() => read(reader, view, 2 ** 31 - 1, 2 ** 31 - 1)).message).toContain('"offset"');
  });
});

describe("a pinned view whose memory goes", () => {
  const buffers = (view: Uint8Array) => [view.buffer as ArrayBuffer];
  const memory = new WebAssembly.Memory({ initial: 1 });
  const ways: [string, Uint8Array, (view: Uint8Array) => unknown][] = [
    [
      "structuredClone of its buffer",
      new Uint8Array(8),
      (view) => structuredClone(view.buffer, { transfer: buffers(view) }),
    ],
    ["structuredClone of itself", new Uint8Array(8), (view) => structuredClone(view, { transfer: buffers(view) })],
    [
      "a subclass",
      new (class extends Uint8Array {})(8),
      (view) => structuredClone(view.buffer, { transfer: buffers(view) }),
    ],
    ["a Buffer of its own", Buffer.from(new ArrayBuffer(8)), (view) => structuredClone(0, { transfer: buffers(view) })],
    [
      "a message",
      new Uint8Array(8),
      (view) => {
        const { port1, port2 } = new MessageChannel();
        port1.postMessage(view, buffers(view));
        port1.close();
        port2.close();
      },
    ],
    ["WebAssembly memory that grows", new Uint8Array(memory.buffer, 8, 8), () => memory.grow(1)],
  ];
  if ("transfer" in ArrayBuffer.prototype)
    ways.push([
      "ArrayBuffer.prototype.transfer",
      new Uint8Array(8),
      (view) => (view.buffer as ArrayBuffer & { transfer(): unknown }).transfer(),
    ]);

  it.each(ways)("is refused: %s", (_, view, detach) => {
    const [reader, writer] = pinBoth(view);
    write(writer, Buffer.from("x"));
    pinAgain(view, reader, writer);
    // A getter cannot hide it, on the object or on what it inherits from.
    for (const name of ["length", "byteLength", "byteOffset"]) Object.defineProperty(view, name, { value: 8 });
    Object.defineProperty(Uint8Array.prototype, "0", { value: 1, configurable: true });
    detach(view);
    try {
      for (const use of [read, write]) {
        const { code, message } = catchError(() => use(use === read ? reader : writer, view, 0, 1));
        expect([code, message]).toEqual(["ERR_INVALID_ARG_VALUE", expect.stringContaining("is detached")]);
      }
    } finally {
      Reflect.deleteProperty(Uint8Array.prototype, "0");
    }
    // Nothing was moved: the byte is still there, and the only one.
    const other = Buffer.from("..");
    expect([read(reader, other), other.toString()]).toEqual([1, "x."]);
  });

  function pinAgain(view: Uint8Array, reader: number, writer: number): void {
    for (let use = 0; use < 3; use++) {
      read(reader, view, 0, 0);
      write(writer, view, 0, 0);
    }
  }

  it("gives way to a view of where the memory went, and to a new one of its own buffer", () => {
    const view = Buffer.from(new ArrayBuffer(4));
    const [reader, writer] = pinBoth(view);
    const again = new Uint8Array(view.buffer, view.byteOffset, 4);
    write(writer, Buffer.from("abcd"));
    for (let use = 0; use < 3; use++) expect(read(reader, again, use, 1)).toBe(1);
    expect(view.toString("utf8", 0, 3)).toBe("abc");
    expect(read(reader, view, 3, 1)).toBe(1);
    expect(view.toString()).toBe("abcd");
    const moved = Buffer.from(structuredClone(view.buffer, { transfer: [view.buffer] }));
    write(writer, Buffer.from("efgh"));
    for (let use = 0; use < 4; use++) expect(read(reader, moved, use, 1)).toBe(1);
    expect(moved.toString()).toBe("efgh");
    expect(catchError(() => read(reader, view, 0, 1)).message).toContain("is detached");
  });

  it("keeps to the bounds of the moment when a lying view hides that they change", () => {
    class Liar extends Uint8Array {
      override get buffer(): ArrayBuffer {
        return new ArrayBuffer(8);
      }
    }
    const buffer = new Resizable(4096, { maxByteLength: 4096 });
    const view = new Liar(buffer);
    const [reader, writer] = pinBoth(view);
    write(writer, Buffer.alloc(64));
    buffer.resize(4);
    expect(catchError(() => read(reader, view, 0, 64)).message).toContain("from 0 to 4");
  });

  it("is told from a Proxy around it", () => {
    const view = new Uint8Array(8);
    const [reader] = pinBoth(view);
    const { code, message } = catchError(() => read(reader, new Proxy(view, {}), 0, 1));
    expect([code, message]).toEqual(["ERR_INVALID_ARG_TYPE", expect.stringContaining("typed array or DataView")]);
    expect(read(reader, view, 0, 1)).toBe(-EAGAIN);
  });
});

describe("the native half", () => {
  it("has words and a pin of its own for every caller, so the ones in use are out of reach", () => {
    const view = Buffer.from("ab");
    const [reader, writer] = pinBoth(view);
    const [one, other] = [native().createPinnedTransfer(false), native().createPinnedTransfer(false)];
    expect(one.pin(new Uint8Array(1))).toBe(true);
    structuredClone(0, { transfer: [other.words.buffer] });
    expect(write(writer, view, 0, 2)).toBe(2);
    expect(read(reader, view, 0, 2)).toBe(2);
    expect(view.toString()).toBe("ab");
    expect(one.words.length).toBe(4);
  });

  it("refuses every number outside of what was pinned, and everything while nothing is", () => {
    const [reader, writer] = openPipe();
    write(writer, Buffer.alloc(64));
    const { words, pin, run } = native().createPinnedTransfer(false);
    const attempt = (fd: number, offset: number, length: number): unknown => {
      words.set([fd, offset, length, 12345]);
      run();
      return words[RESULT];
    };
    expect([FD, OFFSET, LENGTH, RESULT]).toEqual([0, 1, 2, 3]);
    expect(attempt(reader, 0, 0)).toBe(0);
    expect(attempt(reader, 0, 1)).toBe(REFUSED);
    expect(pin(new Uint8Array(new ArrayBuffer(64), 16, 8))).toBe(true);
    const [low, high] = [-(2 ** 31), 2 ** 31 - 1];
    for (const [offset, length] of [
      [0, 9],
      [9, 0],
      [8, 1],
      [1, 8],
      [-1, 1],
      [1, -1],
      [-1, -1],
      [-1, 0],
      [0, -1],
    ] as const)
      expect([offset, length, attempt(reader, offset, length)]).toEqual([offset, length, REFUSED]);
    for (const [offset, length] of [
      [high, high],
      [low, 0],
      [0, low],
      [low, low],
      [high, 1],
      [0, high],
    ] as const)
      expect([offset, length, attempt(reader, offset, length)]).toEqual([offset, length, REFUSED]);
    for (const fd of [-1, low]) expect(attempt(fd, 0, 1)).toBe(REFUSED);
    expect(attempt(reader, 0, 8)).toBe(8);
    expect(attempt(reader, 8, 0)).toBe(0);
    for (const view of [new Int8Array(8), new DataView(new ArrayBuffer(8)), new Uint8Array(0), {}, undefined, null, 5])
      expect([view, pin(view)]).toEqual([view, false]);
    expect(attempt(reader, 0, 1)).toBe(REFUSED);
    expect(pin(new Uint8Array(new SharedArrayBuffer(8)))).toBe(false);
    const detached = new Uint8Array(8);
    structuredClone(0, { transfer: [detached.buffer] });
    expect(pin(detached)).toBe(false);
  });
});
