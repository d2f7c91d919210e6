import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { EBADF, EEXIST, EINVAL, ENOENT, EPERM } from "../src/errno.js";
import { IN, OUT } from "../src/poll-masks.js";
import { HEADER_LENGTH } from "../src/answers.js";
import { ADD, ANSWER_LENGTH, CHANGE_LENGTH, DELETE, type EpollSet, ET, MARKER, MODIFY } from "../src/port.js";
import { badArrays, badNumbers, good } from "../testing/bad-arguments.js";
import { fakeWorld, realWorld, type World } from "./worlds.js";
import { codeOf } from "./thrown.js";

// One suite for both: what the fake kernel says in the other tests is worth what it says here.
describe.each([
  ["the fake kernel", fakeWorld],
  ["the kernel", realWorld],
])("the port to %s", (_name, makeWorld) => {
  let world: World;
  let set: EpollSet;
  const answers = new Int32Array(HEADER_LENGTH + 8 * ANSWER_LENGTH);

  beforeEach(() => {
    world = makeWorld();
    set = world.port.open();
  });
  afterEach(() => {
    set.close();
    world.end();
  });

  /** Changes as [operation, descriptor, mask, generation]; returns their results. */
  function apply(...changes: (readonly [number, number, number, number])[]): number[] {
    const words = new Int32Array(changes.flatMap((change) => [...change, 77]));
    set.apply(words, changes.length);
    return changes.map((_change, index) => words[index * CHANGE_LENGTH + 4] as number);
  }

  /** What the set reports now, as [descriptor, generation, mask], sorted. */
  function look(room = answers): number[][] {
    const count = set.wait(new Int32Array(0), 0, room, 0, 0);
    expect(count).toBeGreaterThanOrEqual(0);
    return Array.from({ length: count }, (_, index) => {
      const at = HEADER_LENGTH + index * ANSWER_LENGTH;
      return [...room.subarray(at, at + ANSWER_LENGTH)];
    }).sort(([a = 0], [b = 0]) => a - b);
  }

  it("opens a set with a descriptor of its own", () => {
    expect(set.fd).toBeGreaterThan(2);
    const other = world.port.open();
    expect(other.fd).not.toBe(set.fd);
    other.close();
    expect(other.fd).toBeLessThan(0);
  });

  it("reports descriptor, generation and mask of what is ready", () => {
    const [near, far] = world.pair();
    expect(apply([ADD, near, IN, 5], [ADD, far, IN | OUT, -7])).toEqual([0, 0]);
    expect(look()).toEqual([[far, -7, OUT]]);
    world.send(far);
    expect(look()).toEqual([near < far ? [near, 5, IN] : [far, -7, OUT], near < far ? [far, -7, OUT] : [near, 5, IN]]);
  });

  it("is level-triggered, and with ET edge-triggered", () => {
    const [near, far] = world.pair();
    const [edge, edgeFar] = world.pair();
    apply([ADD, near, IN, 1], [ADD, edge, IN | ET, 1]);
    world.send(far);
    world.send(edgeFar);
    expect(look()).toHaveLength(2);
    expect(look()).toEqual([[near, 1, IN]]);
    world.drain(near);
    expect(look()).toEqual([]);
    world.send(edgeFar);
    expect(look()).toEqual([[edge, 1, IN]]);
  });

  it("MODIFY looks again, also at an edge", () => {
    const [near, far] = world.pair();
    apply([ADD, near, IN | ET, 1]);
    world.send(far);
    look();
    expect(look()).toEqual([]);
    expect(apply([MODIFY, near, IN | ET, 2])).toEqual([0]);
    expect(look()).toEqual([[near, 2, IN]]);
  });

  it("answers each change with its own result", () => {
    const [near] = world.pair();
    const file = world.file();
    const closed = world.closedNumber();
    expect(
      apply(
        [MODIFY, near, IN, 1],
        [DELETE, near, 0, 0],
        [ADD, near, IN, 1],
        [ADD, near, IN, 1],
        [ADD, file, IN, 1],
        [MODIFY, file, IN, 1],
        [DELETE, file, 0, 0],
        [ADD, closed, IN, 1],
        [MODIFY, closed, IN, 1],
        [DELETE, closed, 0, 0],
        [ADD, set.fd, IN, 1],
        [DELETE, near, 0, 0],
      ),
    ).toEqual([-ENOENT, -ENOENT, 0, -EEXIST, -EPERM, -EPERM, -EPERM, -EBADF, -EBADF, -EBADF, -EINVAL, 0]);
  });

  it("does not wait when a change failed, though the wait was for ever", () => {
    const changes = new Int32Array([ADD, world.closedNumber(), IN, 1, 0]);
    expect(set.wait(changes, 1, answers, -1, 0)).toBe(0);
    expect(changes[4]).toBe(-EBADF);
    expect(set.waitMilliseconds(changes, 1, answers, -1)).toBe(0);
  });

  it("applies changes before it waits", () => {
    const [near, far] = world.pair();
    world.send(far);
    const changes = new Int32Array([ADD, near, IN, 3, 0]);
    expect(set.wait(changes, 1, answers, -1, 0)).toBe(1);
    expect([...answers.subarray(HEADER_LENGTH, HEADER_LENGTH + 3)]).toEqual([near, 3, IN]);
    expect(set.waitMilliseconds(changes, 0, answers, -1)).toBe(1);
  });

  it("stores the time after the wait, which was not shorter than asked", () => {
    const times = new Float64Array(answers.buffer, 0, 2);
    set.wait(answers, 0, answers, 0, 0);
    const [before, wall] = [...times] as [number, number];
    expect(set.wait(answers, 0, answers, 0, 2_500_000)).toBe(0);
    expect((times[0] as number) - before).toBeGreaterThanOrEqual(2.5);
    expect(set.waitMilliseconds(answers, 0, answers, 3)).toBe(0);
    expect((times[0] as number) - before).toBeGreaterThanOrEqual(5.5);
    expect((times[1] as number) - wall).toBeGreaterThan(0);
  });

  it("fills no more room than there is and hands over the rest next time", () => {
    const watched = Array.from({ length: 5 }, () => world.pair());
    apply(...watched.map(([near]) => [ADD, near, OUT, 1] as const));
    const room = new Int32Array(HEADER_LENGTH + 3 * ANSWER_LENGTH);
    const first = look(room).map(([fd]) => fd);
    const second = look(room).map(([fd]) => fd);
    expect([first.length, second.length]).toEqual([3, 3]);
    expect(new Set([...first, ...second]).size).toBe(5);
  });

  it("forgets a file at its last close", () => {
    const [near, far] = world.pair();
    apply([ADD, near, IN | OUT, 1]);
    world.close(near);
    expect(look()).toEqual([]);
    expect(apply([DELETE, near, 0, 0])).toEqual([-EBADF]);
    world.close(far);
  });

  it("reports a closed number while a dup keeps the file open, and nothing can delete that", () => {
    const [near, far] = world.pair();
    apply([ADD, near, IN, 9]);
    const copy = world.dup(near);
    world.close(near);
    world.send(far);
    expect(look()).toEqual([[near, 9, IN]]);
    expect(apply([DELETE, near, 0, 0], [DELETE, copy, 0, 0])).toEqual([-EBADF, -ENOENT]);
    expect(look()).toEqual([[near, 9, IN]]);
    world.close(copy);
    expect(look()).toEqual([]);
  });

  it("knows a file under two numbers as two registrations", () => {
    const [near, far] = world.pair();
    const copy = world.dup(near);
    expect(apply([ADD, near, IN, 1], [ADD, copy, IN, 2])).toEqual([0, 0]);
    world.send(far);
    expect(look()).toHaveLength(2);
  });

  it("can be kept readable for whoever polls it", () => {
    expect(set.keepReadable(true)).toBe(0);
    expect(set.keepReadable(true)).toBe(0);
    expect(look()).toEqual([[MARKER, 0, IN]]);
    expect(look()).toEqual([[MARKER, 0, IN]]);
    expect(set.keepReadable(false)).toBe(0);
    expect(look()).toEqual([]);
  });

  it("answers EBADF once closed, and closing is idempotent", () => {
    const [near] = world.pair();
    set.close();
    set.close();
    expect(set.fd).toBeLessThan(0);
    expect(apply([ADD, near, IN, 1])).toEqual([-EBADF]);
    expect(set.wait(answers, 0, answers, 0, 0)).toBe(-EBADF);
    expect(set.waitMilliseconds(answers, 0, answers, 0)).toBe(-EBADF);
  });
});

describe("the addon trusts no argument", () => {
  const set = realWorld().port.open();
  afterEach(() => {
    expect(set.wait(new Int32Array(0), 0, new Int32Array(16), 0, 0)).toBe(0);
  });

  it.each(badArrays)("answers %p", (_index, value) => {
    expect(codeOf(() => set.wait(good, 0, value as Int32Array, 0, 0))).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    expect(codeOf(() => set.waitMilliseconds(good, 0, value as Int32Array, 0))).toMatch(
      /^ERR_INVALID_ARG_(TYPE|VALUE)$/,
    );
    expect(codeOf(() => set.wait(value as Int32Array, 1, good, 0, 0))).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    expect(
      codeOf(() => {
        set.apply(value as Int32Array, 1);
      }),
    ).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
  });

  it.each(badNumbers)("number %p", (value) => {
    const number = value as number;
    for (const action of [
      () => set.wait(good, number, good, 0, 0),
      () => set.wait(good, 0, good, number, 0),
      () => set.wait(good, 0, good, 0, number),
      () => set.waitMilliseconds(good, number, good, 0),
      () => set.waitMilliseconds(good, 0, good, number),
      () => {
        set.apply(good, number);
      },
    ]) {
      expect(codeOf(action)).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE|INVALID_ARG_VALUE)$/);
    }
  });

  it("a count beyond the array, a missing argument, another receiver", () => {
    expect(codeOf(() => set.wait(good, 13, good, 0, 0))).toBe("ERR_INVALID_ARG_VALUE");
    expect(codeOf(() => (set.wait as unknown as () => void)())).toMatch(/^ERR_/);
    expect(codeOf(() => set.keepReadable(1 as unknown as boolean))).toBe("ERR_INVALID_ARG_TYPE");
    const wait = Reflect.get(Object.getPrototypeOf(set) as object, "wait") as () => unknown;
    for (const receiver of [undefined, {}, good, Object.create(set) as object]) {
      expect(() => {
        Reflect.apply(wait, receiver, [good, 0, good, 0, 0]);
      }).toThrow();
    }
  });

  it("a count of 0 needs no array at all", () => {
    expect(set.wait(undefined as unknown as Int32Array, 0, good, 0, 0)).toBe(0);
  });
});
