import { afterEach, describe, expect, it } from "@jest/globals";
import { clock, pipe, poll, read, write } from "../src/index.js";
import { catchError, closeAll, openPipe } from "./support.js";

type ResizableBuffer = new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(length: number): void };
const Resizable = ArrayBuffer as unknown as ResizableBuffer;
const GrowableShared = SharedArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => SharedArrayBuffer;

/** Every function that reads or writes memory, on a buffer of 48 bytes. */
const users: readonly (readonly [string, string, (buffer: ArrayBufferLike) => unknown])[] = [
  ["read", "view", (buffer) => read(openPipe()[0], new Uint8Array(buffer))],
  ["read", "view", (buffer) => read(openPipe()[0], new DataView(buffer), 0, 1)],
  ["write", "view", (buffer) => write(openPipe()[1], new Float64Array(buffer))],
  ["poll", "fds", (buffer) => poll(new Int32Array(buffer), 0)],
  ["clock", "out", (buffer) => clock(new Float64Array(buffer, 0, 2))],
  ["pipe", "out", (buffer) => pipe(new Int32Array(buffer, 0, 2))],
];

afterEach(closeAll);

describe.each(users)("%s (%s)", (name, argument, use) => {
  it("refuses memory that is shared", () => {
    for (const buffer of [new SharedArrayBuffer(48), new GrowableShared(48, { maxByteLength: 96 })]) {
      const { code, message } = catchError(() => use(buffer));
      expect(code).toBe("ERR_INVALID_ARG_VALUE");
      expect(message).toContain(`${name}: "${argument}"`);
      expect(message).toContain("shared with other threads");
    }
  });

  it("refuses memory that is resizable", () => {
    const { code, message } = catchError(() => use(new Resizable(48, { maxByteLength: 96 })));
    expect([code, message]).toEqual(["ERR_INVALID_ARG_VALUE", expect.stringContaining("got one that is resizable")]);
  });
});

describe("a detached buffer", () => {
  const detached = <View extends ArrayBufferView>(view: View): View => {
    structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
    return view;
  };

  it.each<[string, () => unknown]>([
    ["read", () => read(0, detached(new Uint8Array(16)), 0, 16)],
    ["read into a DataView", () => read(0, detached(new DataView(new ArrayBuffer(16))), 0, 0)],
    ["read of the default length", () => read(0, detached(new Uint8Array(16)))],
    ["write", () => write(1, detached(new Uint8Array(16)), 0, 0)],
    ["poll", () => poll(detached(new Int32Array(3)), 0)],
    ["clock", () => clock(detached(new Float64Array(2)))],
    ["pipe", () => pipe(detached(new Int32Array(2)))],
  ])("is refused by %s", (_, action) => {
    const { code, message } = catchError(action);
    expect([code, message]).toEqual(["ERR_INVALID_ARG_VALUE", expect.stringContaining("is detached")]);
  });

  it("is refused also when the view was used before", () => {
    const [reader] = openPipe();
    const view = new Uint8Array(16);
    read(reader, view);
    detached(view);
    expect(catchError(() => read(reader, view)).message).toContain("is detached");
  });
});

describe("a view that lies", () => {
  it("cannot move the bounds", () => {
    class Liar extends Uint8Array {
      override get byteLength(): number {
        return 1e9;
      }
      override get length(): number {
        return 1e9;
      }
    }
    const [reader] = openPipe();
    expect(catchError(() => read(reader, new Liar(4), 0, 5)).message).toBe(
      'read: "length" must be an integer from 0 to 4, got 5',
    );
  });

  it("cannot reach memory that was given back", () => {
    const [reader, writer] = openPipe();
    const buffer = new Resizable(65536, { maxByteLength: 65536 });
    class Liar extends Uint8Array {
      override get buffer(): ArrayBuffer {
        return new ArrayBuffer(8);
      }
    }
    const view = new Liar(buffer);
    buffer.resize(4);
    write(writer, Buffer.alloc(4096));
    expect(catchError(() => read(reader, view, 0, 4096)).message).toContain("from 0 to 4");
  });
});
