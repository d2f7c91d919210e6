import { describe, expect, it } from "@jest/globals";
import * as sys from "../src/index.js";
import { sendWakeup, Wakeup } from "../src/wakeup.js";
import { catchError } from "./support.js";

type Callable = (...values: unknown[]) => unknown;
type Case = readonly [value: unknown, shown: string];

const MAX = 2 ** 31 - 1;
const SAFE = Number.MAX_SAFE_INTEGER;
const long = "x".repeat(100);

const wrongForNumber: readonly Case[] = [
  [undefined, "undefined"],
  [null, "null"],
  [true, "true"],
  ["3", '"3"'],
  [long, `"${"x".repeat(60)}..."`],
  [3n, "a bigint"],
  [Symbol("three"), "a symbol"],
  [{ valueOf: () => 3 }, "an object"],
  [[3], "an object"],
  [() => 3, "a function"],
];
const wrongForString: readonly Case[] = [
  [undefined, "undefined"],
  [null, "null"],
  [5, "5"],
  [{ toString: () => "x" }, "an object"],
];
const wrongForBoolean: readonly Case[] = [
  [undefined, "undefined"],
  [null, "null"],
  [1, "1"],
  ["true", '"true"'],
];
const noIntegers: readonly Case[] = [
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
  [0.5, "0.5"],
  [1e300, "1.0000000000000001e+300"],
];

interface Parameter {
  readonly name: string;
  readonly kind: "integer" | "milliseconds" | "string" | "boolean" | "view" | "array";
  readonly low?: number;
  readonly high?: number;
  readonly optional?: boolean;
  /** A value that is in order. */
  readonly good: unknown;
}

const fd: Parameter = { name: "fd", kind: "integer", low: 0, high: MAX, good: 0 };
const on: Parameter = { name: "on", kind: "boolean", good: true };
const view: Parameter = { name: "view", kind: "view", good: new Uint8Array(16) };
const offset: Parameter = { name: "offset", kind: "integer", low: 0, high: 16, optional: true, good: 4 };
const length: Parameter = { name: "length", kind: "integer", low: 0, high: 12, optional: true, good: 0 };
const pair: Parameter = { name: "out", kind: "array", good: new Int32Array(2) };
const host: Parameter = { name: "host", kind: "string", good: "127.0.0.1" };
const errno: Parameter = { name: "errno", kind: "integer", low: -MAX, high: MAX, good: 1 };

/** Every function of the package and every argument. */
const functions: Record<string, readonly Parameter[]> = {
  read: [fd, view, offset, length],
  write: [fd, view, offset, length],
  sendUrgent: [fd, { name: "byte", kind: "integer", low: 0, high: 255, good: 1 }],
  close: [fd],
  dup: [fd],
  accept: [fd],
  localPort: [fd],
  socketError: [fd],
  setNonBlocking: [fd, on],
  setNoDelay: [fd, on],
  shutdown: [fd, { name: "how", kind: "string", good: "both" }],
  poll: [
    { name: "fds", kind: "array", good: new Int32Array(0) },
    { name: "timeoutMs", kind: "milliseconds", low: -SAFE, high: SAFE, good: 0 },
  ],
  clock: [{ name: "out", kind: "array", good: new Float64Array(2) }],
  timerfd: [
    { name: "firstMs", kind: "milliseconds", low: 0, high: SAFE, good: 1 },
    { name: "intervalMs", kind: "milliseconds", low: 0, high: SAFE, good: 1 },
  ],
  pipe: [pair],
  openpty: [pair],
  socketpair: [pair, { name: "type", kind: "string", good: "stream" }],
  eventfd: [{ name: "initial", kind: "integer", low: 0, high: 0xfffffffe, optional: true, good: 0 }],
  pidfdOpen: [{ name: "pid", kind: "integer", low: 1, high: MAX, good: 1 }],
  inotifyInit: [],
  inotifyAddWatch: [
    fd,
    { name: "path", kind: "string", good: "/" },
    { name: "mask", kind: "integer", low: -(2 ** 31), high: 2 ** 32 - 1, good: 1 },
  ],
  inotifyRemoveWatch: [fd, { name: "wd", kind: "integer", low: 0, high: MAX, good: 1 }],
  listenTcp: [host, { name: "port", kind: "integer", low: 0, high: 65535, good: 0 }],
  connectTcp: [host, { name: "port", kind: "integer", low: 1, high: 65535, good: 1 }],
  bindUdp: [host, { name: "port", kind: "integer", low: 0, high: 65535, good: 0 }],
  connectUdp: [host, { name: "port", kind: "integer", low: 1, high: 65535, good: 1 }],
  descriptorLimit: [],
  setDescriptorLimit: [{ name: "count", kind: "integer", low: 0, high: MAX, good: 1 }],
  errnoName: [errno],
  errnoMessage: [errno],
};

function call(name: string, values: readonly unknown[]): unknown {
  return (sys as unknown as Record<string, Callable>)[name]?.(...values);
}

const parameters = Object.entries(functions).flatMap(([name, list]) =>
  list.map((parameter, index) => ({ name, parameter, index, good: list.map((each) => each.good) })),
);

it("the table names every function there is", () => {
  expect(Object.keys(functions).sort()).toEqual(Object.keys(sys).sort());
});

describe.each(parameters)("$name: argument $parameter.name", ({ name, parameter, index, good }) => {
  const { kind, low = 0, high = 0, optional = false } = parameter;

  function expectError(value: unknown, shown: string, code: string, errorName: string): void {
    const thrown = catchError(() => call(name, good.with(index, value)));
    expect(thrown).toMatchObject({ name: errorName, code });
    expect(thrown.message).toContain(`${name}: "${parameter.name}" must be `);
    expect(thrown.message.endsWith(`, got ${shown}`)).toBe(true);
  }

  if (kind === "integer" || kind === "milliseconds") {
    it("must be a number", () => {
      for (const [value, shown] of wrongForNumber) {
        if (optional && value === undefined) continue;
        expectError(value, shown, "ERR_INVALID_ARG_TYPE", "TypeError");
      }
    });

    it("must be in range", () => {
      const outside =
        kind === "integer" ? [...noIntegers, [low - 1, String(low - 1)], [high + 1, String(high + 1)]] : [];
      for (const [value, shown] of [...outside, ...noIntegers.filter(([each]) => each !== 0.5)] as Case[]) {
        expectError(value, shown, "ERR_OUT_OF_RANGE", "RangeError");
      }
      if (kind === "integer") {
        const range = `from ${String(low)} to ${String(high)}`;
        const { message } = catchError(() => call(name, good.with(index, high + 1)));
        expect(message).toBe(`${name}: "${parameter.name}" must be an integer ${range}, got ${String(high + 1)}`);
      }
    });
  }
  if (kind === "string") {
    it("must be a string without NUL", () => {
      for (const [value, shown] of wrongForString) expectError(value, shown, "ERR_INVALID_ARG_TYPE", "TypeError");
      expectError("a\0b", '"a\\0b"', "ERR_INVALID_ARG_VALUE", "TypeError");
    });
  }
  if (kind === "boolean") {
    it("must be a boolean", () => {
      for (const [value, shown] of wrongForBoolean) expectError(value, shown, "ERR_INVALID_ARG_TYPE", "TypeError");
    });
  }
  if (kind === "view" || kind === "array") {
    it("must be a view of the right kind", () => {
      const others: Case[] = [
        [new ArrayBuffer(8), "an object"],
        ["text", '"text"'],
        [{ length: 2, byteLength: 8 }, "an object"],
      ];
      if (kind === "array")
        others.push([new Uint8Array(2), "an object"], [new DataView(new ArrayBuffer(8)), "an object"]);
      for (const [value, shown] of [...wrongForNumber.slice(0, 3), ...others]) {
        expectError(value, shown, "ERR_INVALID_ARG_TYPE", "TypeError");
      }
    });
  }
  if (!optional) {
    it("must not be missing", () => {
      const thrown = catchError(() => call(name, good.slice(0, index)));
      expect(thrown.code).toBe("ERR_INVALID_ARG_TYPE");
      expect(thrown.message).toContain(`"${parameter.name}"`);
    });
  }
});

describe("arguments with a meaning of their own", () => {
  it.each([
    ["shutdown", [0, "close"], 'shutdown: "how" must be "read", "write" or "both", got "close"'],
    ["socketpair", [new Int32Array(2), "seq"], 'socketpair: "type" must be "stream" or "dgram", got "seq"'],
  ])("%s takes certain words only", (name, values, message) => {
    expect(catchError(() => call(name, values))).toEqual({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE", message });
  });

  it.each(["example.com", "", "127.1", "0x7f000001", "1.2.3.4.5", "::1%nosuchinterface", "[::1]", " 127.0.0.1"])(
    "no host %p is resolved",
    (name) => {
      for (const each of ["listenTcp", "connectTcp", "bindUdp", "connectUdp"]) {
        const { code, message } = catchError(() => call(each, [name, 80]));
        expect(code).toBe("ERR_INVALID_ARG_VALUE");
        expect(message).toContain(`${each}: "host" must be `);
        expect(message).toContain(`got "${name}": resolving a name would block`);
      }
    },
  );

  it("the options of listenTcp are checked", () => {
    const listen = (options: unknown) => catchError(() => call("listenTcp", ["127.0.0.1", 0, options]));
    for (const options of [null, 5, "x"]) expect(listen(options).code).toBe("ERR_INVALID_ARG_TYPE");
    for (const backlog of [0, -1, 1.5, 2 ** 31]) expect(listen({ backlog }).code).toBe("ERR_OUT_OF_RANGE");
    expect(listen({ backlog: "5" }).code).toBe("ERR_INVALID_ARG_TYPE");
    expect(listen({ reusePort: 1 }).message).toBe('listenTcp: "options.reusePort" must be a boolean, got 1');
  });

  it("poll takes whole triples and bits of poll(2) only", () => {
    for (const length of [1, 2, 4]) {
      const { code, message } = catchError(() => sys.poll(new Int32Array(length), 0));
      expect([code, message]).toEqual([
        "ERR_INVALID_ARG_VALUE",
        expect.stringContaining(`got length ${String(length)}`),
      ]);
    }
    for (const events of [-1, 65536]) {
      const { code, message } = catchError(() => sys.poll(new Int32Array([0, 0, 0, 0, events, 0]), 0));
      expect([code, message]).toEqual([
        "ERR_INVALID_ARG_VALUE",
        expect.stringContaining(`got ${String(events)} at index 4`),
      ]);
    }
  });

  it("arrays for results have the right length", () => {
    for (const name of ["pipe", "openpty", "clock", "socketpair"]) {
      for (const length of [0, 1, 3]) {
        const out = name === "clock" ? new Float64Array(length) : new Int32Array(length);
        const { code, message } = catchError(() => call(name, [out, "stream"]));
        expect(code).toBe("ERR_INVALID_ARG_VALUE");
        expect(message).toContain(`length 2, got one of length ${String(length)}`);
      }
    }
  });

  it("those of Wakeup and sendWakeup are checked", () => {
    const send = (control: unknown) => catchError(() => sendWakeup(control as Int32Array));
    for (const control of [undefined, null, 5, new Uint8Array(16), [1, 2, 3, 4]]) {
      expect(send(control).code).toBe("ERR_INVALID_ARG_TYPE");
    }
    expect(send(new Int32Array(4)).message).toContain("got one over an ArrayBuffer");
    expect(send(new Int32Array(new SharedArrayBuffer(12))).message).toContain("got one of length 3");
    expect(send(new Int32Array(new SharedArrayBuffer(16))).message).toContain("slot 0 is 0");
    const make = (options: unknown) => catchError(() => new Wakeup(options as { watchThread: boolean }));
    for (const options of [null, 5, { watchThread: 1 }]) expect(make(options).code).toBe("ERR_INVALID_ARG_TYPE");
    const wakeup = new Wakeup();
    expect(catchError(() => wakeup.wait("1" as unknown as number)).code).toBe("ERR_INVALID_ARG_TYPE");
    expect(catchError(() => wakeup.wait(Number.NaN)).code).toBe("ERR_OUT_OF_RANGE");
    wakeup.close();
  });
});
