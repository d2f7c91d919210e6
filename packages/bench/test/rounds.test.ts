import { describe, expect, it } from "@jest/globals";
import { type Contestant, runRounds } from "../src/rounds.js";
import type { Side } from "../src/sides.js";

const span = { warm: 0, measure: 1, events: 0 };

/** A side whose rounds are a line of shell. */
function contestant(name: string, script: string, more: Partial<Side> = {}): Contestant {
  const command = ["sh", "-c", script] as const;
  return { side: { name, about: "", backend: "epoll", command: () => command, ...more }, command };
}

const good = contestant("good", `echo '{"events":1,"ns":2,"cpuNs":3}'`);

async function outcome(bad: Contestant, patience?: number) {
  const { rounds, absent } = await runRounds([bad, good], {}, span, 2, undefined, patience);
  return { finished: [...rounds].map(([{ side }, { length }]) => [side.name, length]), absent };
}

describe("a side", () => {
  it("whose library was built without the backend is named with what to do about it", async () => {
    const bad = contestant("bad", "echo this library has no epoll >&2; exit 3", { remedy: "build another" });
    expect(await outcome(bad)).toEqual({
      finished: [["good", 2]],
      absent: [{ name: "bad", reason: "this library has no epoll", remedy: "build another" }],
    });
  });

  it("that fails for another reason is named with what it said", async () => {
    const bad = contestant("bad", "echo no more pipes >&2; exit 1", { remedy: "build another" });
    expect((await outcome(bad)).absent).toEqual([{ name: "bad", reason: "no more pipes", remedy: undefined }]);
  });

  it("that does not come to an end is ended and named", async () => {
    const { finished, absent } = await outcome(contestant("bad", "trap '' TERM; while :; do :; done"), 500);
    expect(finished).toEqual([["good", 2]]);
    expect(absent[0]?.reason).toContain("it gave no result within 0.501 s: it waits for an event that was lost, or");
  });
});
