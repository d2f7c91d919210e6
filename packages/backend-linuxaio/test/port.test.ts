import type { Notifier } from "@polyloop/backend-epoll/doorbell";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { EAGAIN, EBADF, EINVAL } from "@polyloop/backend-epoll/errno";
import { HUP, IN, OUT, PRI } from "@polyloop/backend-epoll/poll-masks";
import { badArrays, badNumbers, good } from "@polyloop/backend-epoll/testing";
import { type AioContext, ANSWER_LENGTH, CANCEL, REQUEST_LENGTH, SUBMIT, SUBMIT_NEW } from "../src/port.js";
import { fakeWorld, realWorld, type World } from "./worlds.js";

type Question = readonly [operation: number, slot: number, fd: number, mask: number, generation: number];

/** More than any condition here takes, in milliseconds. */
const GENEROUS = 20_000;

/** Questions in the layout of the port, with results that none of them has yet. */
function wordsOf(questions: readonly Question[]): Int32Array {
  return new Int32Array(questions.flatMap((question) => [...question, 77]));
}

function resultsOf(words: Int32Array): number[] {
  return Array.from(
    { length: words.length / REQUEST_LENGTH },
    (_, index) => words[index * REQUEST_LENGTH + 5] as number,
  );
}

// One suite for all: what the fake kernel says in the other tests is worth what it says here.
describe.each([
  ["the fake kernel", () => fakeWorld(), true],
  ["the kernel", () => realWorld({ readsRing: true }), true],
  ["the kernel without its ring", () => realWorld({ readsRing: false }), false],
])("the port to %s", (_name, makeWorld, readsRing) => {
  let world: World;
  let context: AioContext;
  const answers = new Int32Array(HEADER_LENGTH + 300 * ANSWER_LENGTH);
  const times = new Float64Array(answers.buffer, 0, 2);

  beforeEach(() => {
    world = makeWorld();
    context = world.port.open(62);
  });
  afterEach(() => {
    context.close(false);
    world.end();
  });

  /** Makes requests; returns their results. */
  function apply(...questions: Question[]): number[] {
    const words = wordsOf(questions);
    context.apply(words, questions.length);
    return resultsOf(words);
  }

  /** What has come, as [slot, generation, mask], waiting for it at most so many milliseconds. */
  function look(milliseconds = 0, room = answers): number[][] {
    const count = context.exchange(answers, 0, room, Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1e6);
    expect(count).toBeGreaterThanOrEqual(0);
    return Array.from({ length: count }, (_, index) => {
      const at = HEADER_LENGTH + index * ANSWER_LENGTH;
      return [...room.subarray(at, at + ANSWER_LENGTH)];
    });
  }

  it("opens a context with the room that was asked for, or more", () => {
    expect(context.error).toBe(0);
    expect(context.room).toBeGreaterThanOrEqual(62);
    expect(context.readsRing).toBe(readsRing ? 1 : 0);
  });

  it("refuses a context that is larger than the system allows", () => {
    const large = world.port.open(2_000_000);
    expect(large.error).toBe(-EAGAIN);
    expect(large.room).toBe(0);
    expect(large.exchange(answers, 0, answers, 0, 0)).toBe(-EAGAIN);
    expect(large.hasAnswers()).toBe(0);
    large.close(false);
  });

  it("answers once, with slot, generation and mask, when something happens", () => {
    const [near, far] = world.pair();
    expect(apply([SUBMIT, 3, near, IN, -7])).toEqual([0]);
    expect(look()).toEqual([]);
    world.send(far);
    expect(look()).toEqual([[3, -7, IN]]);
    world.send(far);
    expect(look()).toEqual([]);
  });

  it("answers at once what is so when it is asked, in the order of the requests", () => {
    const [first, second] = world.pair();
    const [third] = world.pair();
    world.send(second);
    expect(apply([SUBMIT, 9, third, OUT, 1], [SUBMIT, 4, first, IN | OUT, 2], [SUBMIT, 6, second, OUT, 3])).toEqual([
      0, 0, 0,
    ]);
    expect(look()).toEqual([
      [9, 1, OUT],
      [4, 2, IN | OUT],
      [6, 3, OUT],
    ]);
  });

  it("an answer stays although it is not so any more, if its file's waker says what is so", () => {
    const [reader, writer] = world.pipe();
    apply([SUBMIT, 0, reader, IN, 1]);
    world.send(writer);
    world.drain(reader);
    const [answer] = look();
    expect(answer?.slice(0, 2)).toEqual([0, 1]);
    expect((answer?.[2] as number) & IN).toBe(IN);
  });

  it("a socket's answer is looked at again: 0 if it is not so, and no urgent data that is not there", () => {
    const [near, far] = world.pair();
    apply([SUBMIT, 0, near, IN, 1], [SUBMIT, 1, near, IN | PRI, 2], [SUBMIT, 2, near, PRI, 3]);
    world.send(far);
    expect(look().sort()).toEqual([
      [0, 1, IN],
      [1, 2, IN],
      [2, 3, 0],
    ]);
    world.drain(near);
    apply([SUBMIT, 0, near, IN, 4]);
    world.send(far);
    world.drain(near);
    expect(look()).toEqual([[0, 4, 0]]);
  });

  it("tells of a hang-up that nobody asked for", () => {
    const [near, far] = world.pair();
    apply([SUBMIT, 0, near, PRI, 1]);
    world.close(far);
    const [answer] = look(GENEROUS);
    expect((answer?.[2] as number) & HUP).toBe(HUP);
  });

  it("answers each request with its own result, and goes on behind one that is refused", () => {
    const [near, far] = world.pair();
    const [terminal] = world.terminal();
    world.send(far);
    expect(
      apply(
        [SUBMIT, 0, near, IN, 1],
        [SUBMIT, 1, world.closedNumber(), IN, 1],
        [SUBMIT, 2, far, OUT, 1],
        [SUBMIT, 3, terminal, IN, 1],
        [SUBMIT, 4, -1, IN, 1],
        [9, 5, near, IN, 1],
        [CANCEL, 17, -1, 0, 0],
        [SUBMIT, 6, far, IN, 1],
        [CANCEL, -1, -1, 0, 0],
        [SUBMIT, -1, near, IN, 1],
        [SUBMIT, 2 ** 22, near, IN, 1],
        [SUBMIT, 2 ** 31 - 1, near, IN, 1],
      ),
    ).toEqual([0, -EBADF, 0, -EINVAL, -EBADF, -EINVAL, -EINVAL, 0, -EINVAL, -EINVAL, -EINVAL, -EINVAL]);
    expect(look()).toEqual([
      [0, 1, IN],
      [2, 1, OUT],
    ]);
  });

  it("refuses an idle terminal that is to be read, and takes it when it is ready or is to be written", () => {
    const [terminal, keyboard] = world.terminal();
    expect(apply([SUBMIT, 0, terminal, IN, 1], [SUBMIT, 1, terminal, OUT, 2], [SUBMIT, 2, terminal, PRI, 3])).toEqual([
      -EINVAL,
      0,
      -EINVAL,
    ]);
    expect(look()).toEqual([[1, 2, OUT]]);
    world.send(keyboard);
    // What is typed goes through a thread of the kernel.
    const limit = Date.now() + GENEROUS;
    while (!world.isReadable(terminal) && Date.now() < limit);
    expect(apply([SUBMIT, 0, terminal, IN, 4])).toEqual([0]);
    expect(look()).toEqual([[0, 4, IN]]);
  });

  it("refuses a signalfd that is asked about as something new", () => {
    const fd = world.signalfd();
    if (fd === undefined) {
      process.stderr.write("skipped here: a signalfd, which nothing in Node.js makes; see native.test.ts\n");
      return;
    }
    expect(apply([SUBMIT_NEW, 0, fd, IN, 1], [SUBMIT, 1, fd, IN, 1])).toEqual([-EINVAL, 0]);
    expect(look()).toEqual([]);
  });

  it("takes everything else that is new", () => {
    const [near, far] = world.pair();
    const [reader] = world.pipe();
    const notifier = world.port.openNotifier();
    world.send(far);
    expect(
      apply([SUBMIT_NEW, 0, near, IN, 1], [SUBMIT_NEW, 1, reader, IN, 1], [SUBMIT_NEW, 2, notifier.fd, IN, 1]),
    ).toEqual([0, 0, 0]);
    expect(look()).toEqual([[0, 1, IN]]);
    notifier.close();
  });

  it("a cancelled request is answered later, with a mask of 0 and the generation it was made with", () => {
    const [near, far] = world.pair();
    apply([SUBMIT, 5, near, IN, 11]);
    expect(apply([CANCEL, 5, -1, 0, 0])).toEqual([0]);
    world.send(far);
    expect(look(GENEROUS)).toEqual([[5, 11, 0]]);
    expect(look()).toEqual([]);
    expect(apply([CANCEL, 5, -1, 0, 0])).toEqual([-EINVAL]);
  });

  it("a request that was answered cannot be cancelled, and its answer comes as it was", () => {
    const [near] = world.pair();
    apply([SUBMIT, 5, near, OUT, 11]);
    expect(apply([CANCEL, 5, -1, 0, 0])).toEqual([-EINVAL]);
    expect(look()).toEqual([[5, 11, OUT]]);
  });

  it("a request holds its file, whatever becomes of the number", () => {
    const [reader, writer] = world.pipe();
    apply([SUBMIT, 0, reader, IN, 1]);
    world.close(reader);
    world.send(writer);
    const [answer] = look();
    expect(answer?.slice(0, 2)).toEqual([0, 1]);
  });

  it("does not wait when a request was refused, though the wait was for ever", () => {
    const [near] = world.pair();
    const words = wordsOf([
      [SUBMIT, 0, near, IN, 1],
      [SUBMIT, 1, world.closedNumber(), IN, 1],
    ]);
    expect(context.exchange(words, 2, answers, -1, 0)).toBe(0);
    expect(resultsOf(words)).toEqual([0, -EBADF]);
  });

  it("makes requests before it waits, and a cancellation that comes too late is no reason not to wait", () => {
    const [near, far] = world.pair();
    world.send(far);
    const words = wordsOf([
      [CANCEL, 4, -1, 0, 0],
      [SUBMIT, 0, near, IN, 3],
    ]);
    expect(context.exchange(words, 2, answers, -1, 0)).toBe(1);
    expect([...answers.subarray(HEADER_LENGTH, HEADER_LENGTH + 3)]).toEqual([0, 3, IN]);
    const before = times[0] as number;
    expect(context.exchange(wordsOf([[CANCEL, 4, -1, 0, 0]]), 1, answers, 0, 2_000_000)).toBe(0);
    expect((times[0] as number) - before).toBeGreaterThanOrEqual(2);
  });

  it("stores the time after the wait, which was not shorter than asked", () => {
    look();
    const [before, wall] = [...times] as [number, number];
    expect(context.exchange(answers, 0, answers, 0, 2_500_000)).toBe(0);
    expect((times[0] as number) - before).toBeGreaterThanOrEqual(2.5);
    expect(context.exchange(answers, 0, answers, 0, 500_000)).toBe(0);
    expect((times[0] as number) - before).toBeGreaterThanOrEqual(3);
    expect((times[1] as number) - wall).toBeGreaterThan(0);
  });

  it("stores the time also when the wait fails", () => {
    context.close(false);
    times.fill(0);
    expect(context.exchange(answers, 0, answers, 0, 0)).toBe(-EBADF);
    expect(times[0]).toBeGreaterThan(0);
  });

  it("is full some time, for all that follow, and has room again after answers were read", () => {
    const [near] = world.pair();
    const many = Array.from({ length: 200 }, (_, slot): Question => [SUBMIT, slot, near, OUT, 1]);
    const results = apply(...many);
    const taken = results.indexOf(-EAGAIN);
    expect(taken).toBeGreaterThanOrEqual(context.room);
    expect(new Set(results.slice(0, taken))).toEqual(new Set([0]));
    expect(new Set(results.slice(taken))).toEqual(new Set([-EAGAIN]));
    expect(apply([SUBMIT, 200, near, OUT, 1])).toEqual([-EAGAIN]);
    expect(look()).toHaveLength(taken);
    expect(apply(...many.slice(0, context.room))).toEqual(Array.from({ length: context.room }, () => 0));
    look();
  });

  it("goes round and round: far more answers than the ring has entries, each once and in order", () => {
    const [near] = world.pair();
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 50 }, (_, slot): Question => [SUBMIT, slot, near, OUT, round]);
      expect(new Set(apply(...batch))).toEqual(new Set([0]));
      expect(look()).toEqual(batch.map(([, slot]) => [slot, round, OUT]));
    }
  });

  it("fills no more room than there is and hands over the rest next time", () => {
    const [near] = world.pair();
    apply(...Array.from({ length: 20 }, (_, slot): Question => [SUBMIT, slot, near, OUT, 1]));
    const room = new Int32Array(HEADER_LENGTH + 9 * ANSWER_LENGTH);
    const rounds = [look(0, room), look(0, room), look(0, room)];
    expect(rounds.map((answered) => answered.length)).toEqual([9, 9, 2]);
    expect(rounds.flat().map(([slot]) => slot)).toEqual(Array.from({ length: 20 }, (_, slot) => slot));
  });

  it("knows without a system call whether answers are there, unless it cannot know", () => {
    const [near, far] = world.pair();
    const unknown = readsRing ? 0 : 1;
    expect(context.hasAnswers()).toBe(unknown);
    apply([SUBMIT, 0, near, IN, 1]);
    expect(context.hasAnswers()).toBe(unknown);
    world.send(far);
    expect(context.hasAnswers()).toBe(1);
    look();
    expect(context.hasAnswers()).toBe(unknown);
  });

  it("answers make the eventfd readable that was named when they were asked for", () => {
    const notifier = world.port.openNotifier();
    const [reader, writer] = world.pipe();
    const [other, otherWriter] = world.pipe();
    context.notify(notifier.fd);
    apply([SUBMIT, 0, reader, IN, 1]);
    context.notify(-1);
    apply([SUBMIT, 1, other, IN, 1]);
    world.send(otherWriter);
    expect(world.isReadable(notifier.fd)).toBe(false);
    world.send(writer);
    expect(world.isReadable(notifier.fd)).toBe(true);
    expect(notifier.clear()).toBe(0);
    expect(world.isReadable(notifier.fd)).toBe(false);
    context.notify(notifier.fd);
    apply([SUBMIT, 2, writer, OUT, 1]);
    expect(world.isReadable(notifier.fd)).toBe(true);
    notifier.close();
  });

  it("an eventfd that is closed, or is none, fails what names it", () => {
    const [near, far] = world.pair();
    context.notify(world.closedNumber());
    expect(apply([SUBMIT, 0, near, IN, 1])).toEqual([-EBADF]);
    context.notify(far);
    expect(apply([SUBMIT, 0, near, IN, 1])).toEqual([-EINVAL]);
  });

  it("a notifier can be signalled and cleared any number of times, and closed twice", () => {
    const notifier: Notifier = world.port.openNotifier();
    expect(notifier.fd).toBeGreaterThan(2);
    expect([notifier.signal(), notifier.signal()]).toEqual([0, 0]);
    expect(world.isReadable(notifier.fd)).toBe(true);
    expect([notifier.clear(), notifier.clear()]).toEqual([0, 0]);
    expect(world.isReadable(notifier.fd)).toBe(false);
    notifier.close();
    notifier.close();
    expect(notifier.fd).toBe(-EBADF);
    expect([notifier.signal(), notifier.clear()]).toEqual([-EBADF, -EBADF]);
  });

  it("answers EBADF once closed, and closing is idempotent", () => {
    const [near] = world.pair();
    apply([SUBMIT, 0, near, OUT, 1]);
    context.close(false);
    context.close(true);
    expect(context.error).toBe(-EBADF);
    expect(apply([SUBMIT, 0, near, IN, 1], [CANCEL, 0, -1, 0, 0])).toEqual([-EBADF, -EBADF]);
    expect(context.exchange(answers, 0, answers, -1, 0)).toBe(-EBADF);
    expect(context.hasAnswers()).toBe(0);
  });

  it.each([
    ["at once", true],
    ["in the background", false],
  ])("a context that is closed %s gives back what it was charged with", async (_when, now) => {
    // So many that whatever else runs on this machine does not matter.
    const size = 7003;
    const large = world.port.open(size);
    expect(large.error).toBe(0);
    const during = world.charged();
    expect(during).toBeGreaterThanOrEqual(size);
    const [near] = world.pair();
    large.apply(wordsOf([[SUBMIT, 0, near, IN, 1]]), 1);
    large.close(now);
    const limit = Date.now() + GENEROUS;
    while (during - world.charged() < size / 2 && Date.now() < limit) await new Promise((done) => setTimeout(done, 2));
    expect(during - world.charged()).toBeGreaterThan(size / 2);
  });
});

describe("the addon trusts no argument", () => {
  const { port } = realWorld();
  const context = port.open(15);
  afterEach(() => {
    expect(context.exchange(new Int32Array(0), 0, new Int32Array(16), 0, 0)).toBe(0);
  });

  const REFUSED = expect.objectContaining({
    code: expect.stringMatching(/^ERR_(OUT_OF_RANGE|INVALID_ARG_(TYPE|VALUE))$/),
  });

  it.each(badArrays)("array %p", (_index, value) => {
    const array = value as Int32Array;
    for (const action of [
      () => context.exchange(good, 0, array, 0, 0),
      () => context.exchange(array, 1, good, 0, 0),
      () => context.apply(array, 1),
    ]) {
      expect(action).toThrow(REFUSED);
    }
  });

  it.each(badNumbers)("number %p", (value) => {
    const number = value as number;
    for (const action of [
      () => context.exchange(good, number, good, 0, 0),
      () => context.exchange(good, 0, good, number, 0),
      () => context.exchange(good, 0, good, 0, number),
      () => context.apply(good, number),
      () => context.notify(number),
      () => port.open(number),
    ]) {
      expect(action).toThrow(REFUSED);
    }
  });

  it("a count beyond the array, a missing argument, another receiver", () => {
    expect(() => context.exchange(good, 11, good, 0, 0)).toThrow(REFUSED);
    expect(() => context.exchange(good, 0, new Int32Array(6), 0, 0)).toThrow(REFUSED);
    expect(() => (context.exchange as unknown as () => void)()).toThrow(REFUSED);
    expect(() => context.close(1 as unknown as boolean)).toThrow(REFUSED);
    expect(() => port.open(0)).toThrow(REFUSED);
    const notifier = port.openNotifier();
    const prototype = Object.getPrototypeOf(context) as object;
    for (const method of ["apply", "exchange", "hasAnswers", "notify", "close"]) {
      const call = Reflect.get(prototype, method) as () => unknown;
      for (const receiver of [undefined, {}, good, Object.create(context) as object]) {
        expect(() => {
          Reflect.apply(call, receiver, [good, 0, good, 0, 0]);
        }).toThrow();
      }
    }
    for (const getter of ["error", "room", "readsRing"]) {
      expect(() => Reflect.get(prototype, getter, {}) as unknown).toThrow();
    }
    notifier.close();
  });

  it("a count of 0 needs no array at all", () => {
    expect(context.exchange(undefined as unknown as Int32Array, 0, good, 0, 0)).toBe(0);
  });
});
