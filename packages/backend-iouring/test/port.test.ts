import type { Notifier } from "@polyloop/backend-epoll/doorbell";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { EAGAIN, EBADF, ECANCELED } from "@polyloop/backend-epoll/errno";
import { HUP, IN, OUT, PRI } from "@polyloop/backend-epoll/poll-masks";
import { badArrays, badNumbers, good } from "@polyloop/backend-epoll/testing";
import { portWithout } from "../src/native.js";
import * as port from "../src/port.js";
import { ANSWER_LENGTH, LOOK, POLL, POLL_LIKELY, POLL_MANY, REMOVE, REQUEST_LENGTH, type Ring } from "../src/port.js";
import { fakeWorld, realWorld, type World } from "./worlds.js";

type Question = readonly [operation: number, fd: number, mask: number, generation: number];

/** Milliseconds: more than the kernel takes for anything here. */
const GENEROUS = 20_000;

const COOPERATIVE = port.DEFER_TASKRUN;
const PLAIN = COOPERATIVE | port.COOP_TASKRUN | port.TASKRUN_FLAG | port.SINGLE_ISSUER;
/** As Linux 5.11 does it. */
const OLD =
  PLAIN |
  port.SUBMIT_ALL |
  port.NO_SQARRAY |
  port.REGISTERED_RING |
  port.SKIP_SUCCESS |
  port.NO_IOWAIT |
  port.MULTISHOT;

/** Questions in the layout of the port. */
function wordsOf(questions: readonly Question[]): Int32Array {
  return new Int32Array(questions.flatMap((question) => [...question, 0]));
}

// One suite for all: what the fake kernel says in the other tests is worth what it says here.
describe.each([
  ["the fake kernel", () => fakeWorld()],
  ["the kernel", () => realWorld()],
  ["the kernel with COOP_TASKRUN", () => realWorld(COOPERATIVE)],
  ["the kernel without either", () => realWorld(PLAIN)],
  ["the kernel with what Linux 5.11 has", () => realWorld(OLD)],
  ["the kernel without a registered ring", () => realWorld(port.REGISTERED_RING)],
])("the port to %s", (_name, makeWorld) => {
  let world: World;
  let ring: Ring;
  const answers = new Int32Array(HEADER_LENGTH + 400 * ANSWER_LENGTH);
  const times = new Float64Array(answers.buffer, 0, 2);

  beforeEach(() => {
    world = makeWorld();
    ring = world.port.open(8, 1024);
  });
  afterEach(() => {
    ring.close();
    world.end();
  });

  function ask(...questions: Question[]): void {
    const words = wordsOf(questions);
    ring.apply(words, questions.length);
    expect([...words].filter((_word, index) => index % REQUEST_LENGTH === 4).every((result) => result === 0)).toBe(
      true,
    );
  }

  /** What has come, as [descriptor, generation, result, more], waiting for it at most so many milliseconds. */
  function look(milliseconds = 0, room = answers, questions: readonly Question[] = []): number[][] {
    const words = wordsOf(questions);
    const seconds = Math.floor(milliseconds / 1000);
    const count = ring.exchange(words, questions.length, room, seconds, (milliseconds % 1000) * 1e6);
    expect(count).toBeGreaterThanOrEqual(0);
    return Array.from({ length: count }, (_, index) => {
      const at = HEADER_LENGTH + index * ANSWER_LENGTH;
      return [...room.subarray(at, at + ANSWER_LENGTH)];
    });
  }

  it("opens a ring with the room that was asked for, or more", () => {
    expect(ring.error).toBe(0);
    expect(ring.room).toBeGreaterThanOrEqual(1024);
    expect(ring.features & port.RESTRICTED).toBe(port.RESTRICTED);
  });

  it("answers a poll of what is ready, with its number, generation and mask", () => {
    const [near] = world.pair();
    expect(look(0, answers, [[POLL, near, IN | OUT, -7]])).toEqual([[near, -7, OUT, 0]]);
    expect(look()).toEqual([]);
  });

  it("answers once what becomes ready, and not again until it is asked again", () => {
    const [reader, writer] = world.pipe();
    expect(look(0, answers, [[POLL, reader, IN, 3]])).toEqual([]);
    world.send(writer);
    expect(look()).toEqual([[reader, 3, IN, 0]]);
    world.send(writer);
    expect(look()).toEqual([]);
    // Level-triggered, because to ask is to look.
    expect(look(0, answers, [[POLL, reader, IN, 4]])).toEqual([[reader, 4, IN, 0]]);
  });

  describe("a LOOK", () => {
    const AT_ONCE = port.AT_ONCE | port.MORE;

    it("tells what is so of a poll that goes on, and nothing if it is not so any more", () => {
      const [reader, writer] = world.pipe();
      ask([POLL_MANY, reader, IN, 3]);
      world.send(writer);
      expect(look()).toEqual([[reader, 3, IN, port.MORE]]);
      for (let turn = 0; turn < 2; turn++) {
        expect(look(0, answers, [[LOOK, reader, IN, 3]])).toEqual([[reader, 3, IN, AT_ONCE]]);
      }
      world.drain(reader);
      expect(look(0, answers, [[LOOK, reader, IN, 3]])).toEqual([]);
      world.send(writer);
      expect(look()).toEqual([[reader, 3, IN, port.MORE]]);
    });

    it("is moved to the front, and keeps nothing behind it from being made", () => {
      const [one, first] = world.pipe();
      const [two, second] = world.pipe();
      ask([POLL_MANY, one, IN, 1]);
      const words = wordsOf([
        [POLL_MANY, two, IN, 2],
        [LOOK, one, IN, 1],
      ]);
      expect(ring.exchange(words, 2, answers, 0, 0)).toBe(0);
      expect([...words]).toEqual([LOOK, one, IN, 1, 0, POLL_MANY, two, IN, 2, 0]);
      world.send(first);
      world.send(second);
      expect(look().map(([fd]) => fd)).toEqual([one, two]);
    });

    it("comes after what was told before it, which is called EARLY", () => {
      const [reader, writer] = world.pipe();
      ask([POLL_MANY, reader, IN, 3]);
      world.send(writer);
      world.drain(reader);
      expect(look(0, answers, [[LOOK, reader, IN, 3]])).toEqual([[reader, 3, IN, port.MORE | port.EARLY]]);
      world.send(writer);
      expect(look(0, answers, [[LOOK, reader, IN, 3]])).toEqual([
        [reader, 3, IN, port.MORE | port.EARLY],
        [reader, 3, IN, AT_ONCE],
      ]);
    });

    it("does not keep a wait from waiting, and what comes then is news", () => {
      const [reader, writer] = world.pipe();
      ask([POLL_MANY, reader, IN, 3]);
      look();
      const before = times[0] as number;
      expect(look(2.5, answers, [[LOOK, reader, IN, 3]])).toEqual([]);
      expect((times[0] as number) - before).toBeGreaterThanOrEqual(2.5);
      world.send(writer);
      expect(look(1000)).toEqual([[reader, 3, IN, port.MORE]]);
    });

    it("says EBADF of a number that is closed by now, whatever the poll's file does", () => {
      const [reader] = world.pipe();
      ask([POLL_MANY, reader, IN, 3]);
      world.close(reader);
      expect(look(0, answers, [[LOOK, reader, IN, 3]])).toEqual([[reader, 3, -EBADF, AT_ONCE]]);
    });

    it("gets no more than half of the room: those for which there is none are marked, and come first", () => {
      const pipes = Array.from({ length: 5 }, () => world.pipe());
      ask(...pipes.map(([reader]) => [POLL_MANY, reader, IN, 1] as const));
      for (const [, writer] of pipes) world.send(writer);
      look();
      const room = new Int32Array(HEADER_LENGTH + 6 * ANSWER_LENGTH);
      const words = wordsOf(pipes.map(([reader]) => [LOOK, reader, IN, 1] as const));
      expect(ring.exchange(words, 5, room, -1, 0)).toBe(3);
      expect([...words].filter((_word, index) => index % REQUEST_LENGTH === 4)).toEqual([-EAGAIN, -EAGAIN, 0, 0, 0]);
      const told = [0, 1, 2].map((index) => room[HEADER_LENGTH + index * ANSWER_LENGTH]);
      const untold = [words[1], words[REQUEST_LENGTH + 1]];
      expect([...told, ...untold].sort()).toEqual(pipes.map(([reader]) => reader).sort());
    });

    it("and what is likely to be ready is looked at with it, and polled only if it is not", () => {
      const pipes = Array.from({ length: 4 }, () => world.pipe());
      const [one = -1, two = -1, three = -1, four = -1] = pipes.map(([reader]) => reader);
      const [first = -1, second = -1, , fourth = -1] = pipes.map(([, writer]) => writer);
      ask([POLL_MANY, four, IN, 4]);
      world.send(fourth);
      look();
      world.send(second);
      const closed = world.closedNumber();
      const words = wordsOf([
        [POLL_LIKELY, one, IN, 1],
        [POLL_LIKELY, closed, IN, 5],
        [POLL_MANY, three, IN, 3],
        [POLL_LIKELY, two, IN, 2],
        [LOOK, four, IN, 4],
      ]);
      expect(ring.exchange(words, 5, answers, -1, 0)).toBe(3);
      expect([...answers.subarray(HEADER_LENGTH, HEADER_LENGTH + 3 * ANSWER_LENGTH)]).toEqual([
        ...[four, 4, IN, AT_ONCE],
        ...[two, 2, IN, port.AT_ONCE],
        ...[closed, 5, -EBADF, 0],
      ]);
      expect([...words.subarray(0, 9)]).toEqual([LOOK, four, IN, 4, 0, POLL_LIKELY, two, IN, 2]);
      expect([...words].filter((_word, index) => index % REQUEST_LENGTH === 3).sort()).toEqual([1, 2, 3, 4, 5]);
      world.drain(two);
      world.send(first);
      world.send(second);
      // What was answered by the look is not polled.
      expect(look()).toEqual([[one, 1, IN, 0]]);
    });

    it("does not take the places of what the ring has to tell, and what is left of that is looked at again", () => {
      const pipes = Array.from({ length: 8 }, () => world.pipe());
      ask(...pipes.map(([reader]) => [POLL_MANY, reader, IN, 1] as const));
      for (const [, writer] of pipes) world.send(writer);
      look();
      const [first, , ...others] = pipes;
      const one = first?.[0] ?? -1;
      for (const [reader] of pipes) world.drain(reader);
      for (const [, writer] of others) world.send(writer);
      const room = new Int32Array(HEADER_LENGTH + 4 * ANSWER_LENGTH);
      const readers = others.map(([reader]) => reader);
      for (const [fd] of look(0, room, [[LOOK, one, IN, 1]])) expect(readers).toContain(fd);
      for (const [reader] of others) world.drain(reader);
      // Nothing is so any more of what was left in the queue.
      for (let turn = 0; turn < 4; turn++) expect(look(0, room).filter(([, , mask]) => mask !== 0)).toEqual([]);
    });
  });

  it("answers a poll that goes on at every edge, and only then", () => {
    const [reader, writer] = world.pipe();
    ask([POLL_MANY, reader, IN, 3]);
    world.send(writer);
    expect(look()).toEqual([[reader, 3, IN, 1]]);
    expect(look()).toEqual([]);
    world.send(writer);
    expect(look()).toEqual([[reader, 3, IN, 1]]);
    world.drain(reader);
    expect(look()).toEqual([]);
  });

  it("looks when a poll that goes on begins", () => {
    const [near, far] = world.pair();
    world.send(far);
    expect(look(0, answers, [[POLL_MANY, near, IN, 1]])).toEqual([[near, 1, IN, 1]]);
  });

  it("says of a regular file that it is ready, and never goes on", () => {
    const file = world.file();
    expect(look(0, answers, [[POLL, file, IN, 1]])).toEqual([[file, 1, IN, 0]]);
    expect(look(0, answers, [[POLL_MANY, file, IN, 2]])).toEqual([[file, 2, IN, 0]]);
  });

  it("says EBADF of a number that is not open, and takes what comes behind it", () => {
    const [near] = world.pair();
    const closed = world.closedNumber();
    const said = look(0, answers, [
      [POLL, closed, IN, 1],
      [POLL, near, OUT, 2],
      [POLL, -1, IN, 3],
    ]);
    expect(said.sort(([, a = 0], [, b = 0]) => a - b)).toEqual([
      [closed, 1, -EBADF, 0],
      [near, 2, OUT, 0],
      [-1, 3, -EBADF, 0],
    ]);
  });

  it("ends a removed poll with ECANCELED, also one that goes on", () => {
    const [one] = world.pipe();
    const [other] = world.pipe();
    ask([POLL, one, IN, 5], [POLL_MANY, other, IN, 6]);
    expect(look(0, answers, [[REMOVE, one, 0, 5]])).toEqual([[one, 5, -ECANCELED, 0]]);
    expect(look(0, answers, [[REMOVE, other, 0, 6]])).toEqual([[other, 6, -ECANCELED, 0]]);
  });

  it("ends a removed poll also when something has come that nobody has taken yet", () => {
    for (const operation of [POLL, POLL_MANY]) {
      const [near, far] = world.pair();
      ask([operation, near, IN, 5]);
      world.send(far);
      ask([REMOVE, near, 0, 5]);
      const said = look().concat(look());
      expect(said.filter(([, , , what]) => (what ?? 0) % 2 === 0)).toHaveLength(1);
      world.close(near);
      expect(isGoneWithin(far)).toBe(true);
    }
  });

  it("does not tell of a removal that finds nothing, and does not take it for a poll of another generation", () => {
    const [reader, writer] = world.pipe();
    ask([POLL, reader, IN, 5], [REMOVE, reader, 0, 4], [REMOVE, 77, 0, 1]);
    expect(look()).toEqual([]);
    world.send(writer);
    expect(look()).toEqual([[reader, 5, IN, 0]]);
  });

  it("writes every request anew: removals behind polls in the same places of the queue", () => {
    const pipes = Array.from({ length: 8 }, () => world.pipe());
    for (let round = 0; round < 4; round++) {
      ask(...pipes.map(([reader]) => [POLL_MANY, reader, IN, round] as const));
      const said = look(
        0,
        answers,
        pipes.map(([reader]) => [REMOVE, reader, 0, round] as const),
      );
      expect(said.map(([, , result]) => result)).toEqual(pipes.map(() => -ECANCELED));
    }
  });

  it("takes more requests than its queue has places", () => {
    const pipes = Array.from({ length: 50 }, () => world.pipe());
    for (const [, writer] of pipes) world.send(writer);
    expect(
      look(
        0,
        answers,
        pipes.map(([reader]) => [POLL, reader, IN, 1] as const),
      ),
    ).toHaveLength(50);
  });

  it("hands over all that became ready, however many, in one call", () => {
    const pipes = Array.from({ length: 150 }, () => world.pipe());
    ask(...pipes.map(([reader]) => [POLL, reader, IN, 1] as const));
    for (const [, writer] of pipes) world.send(writer);
    expect(look()).toHaveLength(150);
  });

  it("loses no answer when they are more than its places, and tells all of them in one call", () => {
    const small = world.port.open(1, 2);
    const pipes = Array.from({ length: 60 }, () => world.pipe());
    const words = wordsOf(pipes.map(([reader]) => [POLL, reader, IN, 1] as const));
    small.apply(words, pipes.length);
    for (const [, writer] of pipes) world.send(writer);
    expect(small.exchange(words, 0, answers, 0, 0)).toBe(60);
    expect(small.exchange(words, 0, answers, 0, 0)).toBe(0);
    small.close();
  });

  it("ends polls that would go on when their answers have no place", () => {
    const small = world.port.open(1, 2);
    const pipes = Array.from({ length: 10 }, () => world.pipe());
    const words = wordsOf(pipes.map(([reader]) => [POLL_MANY, reader, IN, 1] as const));
    small.apply(words, pipes.length);
    for (const [, writer] of pipes) world.send(writer);
    expect(small.exchange(words, 0, answers, 0, 0)).toBe(10);
    const ended = Array.from({ length: 10 }, (_, index) => answers[HEADER_LENGTH + index * ANSWER_LENGTH + 3] === 0);
    expect(ended.filter(Boolean).length).toBeGreaterThan(0);
    small.close();
  });

  it("fills no more room than there is and hands over the rest next time", () => {
    const pairs = Array.from({ length: 5 }, () => world.pair());
    const room = new Int32Array(HEADER_LENGTH + 3 * ANSWER_LENGTH);
    const first = look(
      0,
      room,
      pairs.map(([near]) => [POLL, near, OUT, 1] as const),
    );
    const second = look(0, room);
    expect([first.length, second.length]).toEqual([3, 2]);
    expect(new Set([...first, ...second].map(([fd]) => fd)).size).toBe(5);
  });

  it("stores the time after the wait, which was not shorter than asked", () => {
    look();
    const [before, wall] = [...times] as [number, number];
    expect(look(2.5)).toEqual([]);
    expect((times[0] as number) - before).toBeGreaterThanOrEqual(2.5);
    expect((times[1] as number) - wall).toBeGreaterThan(0);
  });

  it("waits as long as asked also when requests were made with the wait", () => {
    const [reader] = world.pipe();
    look();
    const before = times[0] as number;
    expect(look(2.5, answers, [[POLL, reader, IN, 1]])).toEqual([]);
    expect((times[0] as number) - before).toBeGreaterThanOrEqual(2.5);
  });

  it("does not wait when an answer is there already, though the wait is for ever", () => {
    const [near] = world.pair();
    ask([POLL, near, OUT, 1]);
    expect(ring.exchange(answers, 0, answers, -1, 0)).toBe(1);
  });

  it("holds the file of a poll, and lets it go with its removal", () => {
    const [reader, writer] = world.pipe();
    ask([POLL, reader, IN, 1]);
    world.close(reader);
    look(0, answers, [[REMOVE, reader, 0, 1]]);
    expect(isGoneWithin(writer)).toBe(true);
  });

  it("answers of a file whose number is closed, or another file's, under the generation it was asked with", () => {
    const [near, far] = world.pair();
    ask([POLL, near, IN, 9]);
    world.close(near);
    const [other] = world.pair();
    expect(look(0, answers, [[POLL, other, IN, 10]])).toEqual([]);
    world.send(far);
    // A socket's waker may be told that its number is not open by whoever looks at it again.
    const [said] = look();
    expect(said?.slice(0, 2)).toEqual([near, 9]);
  });

  it("lets go of everything when it is closed", () => {
    const [reader, writer] = world.pipe();
    ask([POLL, reader, IN, 1]);
    world.close(reader);
    ring.close();
    expect(isGoneWithin(writer)).toBe(true);
  });

  /** Whether the other end is closed for good, at once or as soon as the kernel comes to it. */
  function isGoneWithin(fd: number): boolean {
    const [, ticker] = world.pipe();
    const limit = Date.now() + GENEROUS;
    while (!world.isHungUp(fd) && !isBroken(fd) && Date.now() < limit) world.isReadable(ticker);
    return world.isHungUp(fd) || isBroken(fd);
  }

  /** A writer is told by ERR. */
  function isBroken(fd: number): boolean {
    const probe = world.port.open(1, 2);
    const room = new Int32Array(HEADER_LENGTH + ANSWER_LENGTH);
    const count = probe.exchange(wordsOf([[POLL, fd, PRI, 1]]), 1, room, 0, 0);
    probe.close();
    return count === 1 && ((room[HEADER_LENGTH + 2] as number) & (HUP | 8)) !== 0;
  }

  it("knows whether there are answers, without a system call", () => {
    const [reader, writer] = world.pipe();
    expect(ring.hasAnswers()).toBe(0);
    ask([POLL, reader, IN, 1]);
    expect(ring.hasAnswers()).toBe(0);
    world.send(writer);
    expect(ring.hasAnswers()).toBe(1);
    look();
    expect(ring.hasAnswers()).toBe(0);
  });

  it("makes an eventfd readable when an answer has come, for polls from before, too, until it is told not to", () => {
    const notifier = world.port.openNotifier();
    const [reader, writer] = world.pipe();
    ask([POLL_MANY, reader, IN, 1]);
    expect(ring.notify(notifier.fd)).toBe(0);
    expect(world.isReadable(notifier.fd)).toBe(false);
    world.send(writer);
    expect(world.isReadable(notifier.fd)).toBe(true);
    expect(look()).toHaveLength(1);
    notifier.clear();
    expect(ring.notify(-1)).toBe(0);
    world.send(writer);
    expect(look()).toHaveLength(1);
    expect(world.isReadable(notifier.fd)).toBe(false);
    notifier.close();
  });

  it("opens more rings than a thread can register", () => {
    const rings = Array.from({ length: 40 }, () => world.port.open(1, 2));
    const [near] = world.pair();
    for (const other of rings) expect(other.exchange(wordsOf([[POLL, near, OUT, 1]]), 1, answers, -1, 0)).toBe(1);
    for (const other of rings) other.close();
    // Their places can be had again.
    const next = world.port.open(1, 2);
    expect(next.features & port.REGISTERED_RING).toBe(ring.features & port.REGISTERED_RING);
    next.close();
  });

  it("refuses to notify what is no eventfd", () => {
    const [reader] = world.pipe();
    expect(ring.notify(reader)).toBeLessThan(0);
    expect(ring.notify(world.closedNumber())).toBe(-EBADF);
    expect(ring.notify(-1)).toBe(0);
  });

  it("answers EBADF once closed, and closing is idempotent", () => {
    const [near] = world.pair();
    ring.close();
    ring.close();
    expect([ring.error, ring.room, ring.features, ring.hasAnswers(), ring.notify(-1)]).toEqual([
      -EBADF,
      0,
      0,
      0,
      -EBADF,
    ]);
    const words = wordsOf([[POLL, near, OUT, 1]]);
    expect(ring.exchange(words, 1, answers, -1, 0)).toBe(-EBADF);
    expect(words[4]).toBe(-EBADF);
  });

  it("opens eventfds that can be signalled and cleared", () => {
    const notifier: Notifier = world.port.openNotifier();
    expect(notifier.fd).toBeGreaterThan(2);
    expect([notifier.signal(), notifier.signal(), world.isReadable(notifier.fd)]).toEqual([0, 0, true]);
    expect([notifier.clear(), notifier.clear(), world.isReadable(notifier.fd)]).toEqual([0, 0, false]);
    notifier.close();
    notifier.close();
    expect([notifier.fd, notifier.signal(), notifier.clear()]).toEqual([-EBADF, -EBADF, -EBADF]);
  });
});

describe("the addon trusts no argument", () => {
  const kernel = portWithout(0);
  const ring = kernel.open(8, 16);

  /** The code of what a call throws. */
  function codeOf(action: () => unknown): string {
    try {
      action();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "nothing was thrown";
  }

  afterEach(() => {
    expect(ring.exchange(good, 0, good, 0, 0)).toBe(0);
  });

  it.each(badArrays)("array %p: %p", (_index, value) => {
    const array = value as Int32Array;
    expect(codeOf(() => ring.exchange(good, 0, array, 0, 0))).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    expect(codeOf(() => ring.exchange(array, 1, good, 0, 0))).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    expect(codeOf(() => ring.apply(array, 1))).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
  });

  it.each(badNumbers)("number %p", (value) => {
    const number = value as number;
    for (const action of [
      () => ring.exchange(good, number, good, 0, 0),
      () => ring.exchange(good, 0, good, number, 0),
      () => ring.exchange(good, 0, good, 0, number),
      () => ring.apply(good, number),
      () => ring.notify(number),
      () => kernel.open(number, 8),
      () => kernel.open(8, number),
      () => portWithout(number).open(8, 8),
    ]) {
      expect(codeOf(action)).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE|INVALID_ARG_VALUE)$/);
    }
  });

  it("a count beyond the array, a missing argument, another receiver, a call without new", () => {
    expect(codeOf(() => ring.exchange(good, 13, good, 0, 0))).toBe("ERR_INVALID_ARG_VALUE");
    expect(codeOf(() => (ring.exchange as unknown as () => void)())).toMatch(/^ERR_/);
    const exchange = Reflect.get(Object.getPrototypeOf(ring) as object, "exchange") as () => unknown;
    for (const receiver of [undefined, {}, good, Object.create(ring) as object]) {
      expect(() => {
        Reflect.apply(exchange, receiver, [good, 0, good, 0, 0]);
      }).toThrow();
    }
    const make = (ring as unknown as { constructor: () => unknown }).constructor;
    expect(codeOf(() => Reflect.apply(make, undefined, [8, 8, 0]))).toBe("ERR_CONSTRUCT_CALL_REQUIRED");
  });

  it("an operation that does not exist polls, with the mask and the number that it was given", () => {
    const words = new Int32Array([99, -5, 1, 7, 0]);
    expect(ring.exchange(words, 1, good, 0, 0)).toBe(1);
    expect([...good.subarray(4, 8)]).toEqual([-5, 7, -EBADF, 0]);
  });
});
