import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { EBADF } from "@polyloop/backend-epoll/errno";
import { type Hands, hands, newContext } from "@polyloop/backend-epoll/testing";
import { READ } from "@polyloop/loop-core";
import { IoUringBackend } from "../src/backend.js";
import { type IoUringPort, NUMBERLESS, REGISTERED_RING, type Ring } from "../src/port.js";
import { fakeWorld, realWorld, type World } from "./worlds.js";

/** The same port, and every ring that it opens. */
function watched(port: IoUringPort, rings: Ring[]): IoUringPort {
  return {
    open(submissions, completions) {
      const ring = port.open(submissions, completions);
      rings.push(ring);
      return ring;
    },
    openNotifier: () => port.openNotifier(),
  };
}

// Before Linux 6.3, and beyond sixteen rings of a thread.
describe.each([
  ["that is entered by it, on the fake kernel", () => fakeWorld(NUMBERLESS)],
  ["that is entered by it", () => realWorld(REGISTERED_RING)],
  ["that is entered by an index", () => realWorld(NUMBERLESS)],
])("a ring with a number %s", (name, makeWorld) => {
  let world: World;
  let rings: Ring[];
  let backend: IoUringBackend;
  let want: Hands["want"];
  let look: Hands["look"];
  let number: number;

  beforeEach(() => {
    world = makeWorld();
    rings = [];
    backend = new IoUringBackend(newContext(), watched(world.port, rings), world.delegate);
    ({ want, look } = hands(backend));
    number = rings.at(-1)?.fd ?? -1;
  });
  afterEach(() => {
    backend.close();
    world.end();
  });

  /** Pipes until one end has the number. Returns the pipe. */
  function pipeAt(wanted: number): readonly [reader: number, writer: number] {
    for (let tries = 0; tries < 1000; tries++) {
      const ends = world.pipe();
      if (ends.includes(wanted)) return ends;
    }
    throw new Error(`nothing was opened as ${String(wanted)}`);
  }

  it("is no number of the program's: who watches it is told so", () => {
    expect(number).toBeGreaterThan(2);
    want(number, READ);
    expect(look()).toEqual([`${String(number)} failed ${String(EBADF)}`]);
  });

  it("is replaced where it is needed when a program has closed it by mistake, and nothing is lost", () => {
    const [reader, writer] = world.pipe();
    want(reader, READ);
    look();
    world.close(number);
    world.send(writer);
    expect(look()).toEqual([`${String(reader)} READ`]);
    world.drain(reader);
    expect(look()).toEqual([]);
    world.send(writer);
    expect(look()).toEqual([`${String(reader)} READ`]);
    // Who has an index needs no number.
    expect(rings).toHaveLength(name.includes("index") ? 1 : 2);
  });

  it("leaves the file alone that has its number by now, which can be watched", () => {
    const [reader, writer] = world.pipe();
    want(reader, READ);
    look();
    world.close(number);
    const [otherReader, otherWriter] = pipeAt(number);
    world.send(writer);
    expect(look()).toEqual([`${String(reader)} READ`]);
    backend.flush();
    world.send(otherWriter);
    expect(world.isReadable(otherReader)).toBe(true);
    if (name.includes("index")) return;
    want(otherReader, READ);
    expect(look()).toContain(`${String(otherReader)} READ`);
  });

  it("leaves that file alone when a larger ring takes over, and in the end", () => {
    const [reader, writer] = world.pipe();
    want(reader, READ);
    look();
    world.close(number);
    const [otherReader, otherWriter] = pipeAt(number);
    for (const other of Array.from({ length: 1100 }, () => world.pipe()[0])) want(other, READ);
    world.send(writer);
    expect(look()).toEqual([`${String(reader)} READ`]);
    expect(rings.length).toBeGreaterThan(1);
    backend.close();
    world.send(otherWriter);
    expect(world.isReadable(otherReader)).toBe(true);
  });

  it("does not end the ring that got the same number", () => {
    const [reader, writer] = world.pipe();
    want(reader, READ);
    look();
    const others = Array.from({ length: 1100 }, () => world.pipe()[0]);
    world.close(number);
    for (const other of others) want(other, READ);
    for (let turn = 0; turn < 3; turn++) {
      world.send(writer);
      expect(look()).toEqual([`${String(reader)} READ`]);
      world.drain(reader);
    }
    const [, larger] = rings;
    expect([larger?.fd, larger?.error, rings.length]).toEqual([number, 0, 2]);
  });

  it("is missed when it was closed, though something else is ready in every turn", () => {
    const [hot, hotWriter] = world.pipe();
    const [reader, writer] = world.pipe();
    want(hot, READ);
    want(reader, READ);
    world.send(hotWriter);
    for (let turn = 0; turn < 20; turn++) expect(look()).toEqual([`${String(hot)} READ`]);
    world.close(number);
    world.send(writer);
    const said = [look(), look(), look()].flat();
    expect(said).toContain(`${String(reader)} READ`);
    expect(said).toContain(`${String(hot)} READ`);
  });

  it("is given up when it is another ring's by now, which goes on", () => {
    const [reader, writer] = world.pipe();
    want(reader, READ);
    look();
    world.close(number);
    const other = new IoUringBackend(newContext(), watched(world.port, rings), world.delegate);
    expect(rings.at(-1)?.fd).toBe(number);
    const [second, secondWriter] = world.pipe();
    const others = hands(other);
    others.want(second, READ);
    others.look();
    world.send(writer);
    want(world.pipe()[0], READ);
    expect([look(), look()].flat()).toContain(`${String(reader)} READ`);
    world.send(secondWriter);
    expect([others.look(), others.look()].flat()).toContain(`${String(second)} READ`);
    other.close();
  });

  it("can be closed before its answers are to make an eventfd readable", () => {
    const [reader, writer] = world.pipe();
    want(reader, READ);
    look();
    world.close(number);
    backend.flush();
    world.send(writer);
    expect(world.isReadable(backend.fd)).toBe(true);
    expect(look()).toEqual([`${String(reader)} READ`]);
  });
});
