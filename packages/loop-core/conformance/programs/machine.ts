import { READ } from "../../src/events.js";
import type { Loop } from "../../src/loop.js";
import { type Command, describeCommand } from "./command.js";
import type { Slot, Watched } from "./model.js";
import { type Judgement, Oracle } from "./oracle.js";
import { Stage } from "./stage.js";
import type { World } from "./world.js";

/** Runs a program's commands on a loop and a world, under the eyes of the oracle. */
export class Machine {
  /** What was done, a line each, with names in the place of indices; commands that found nothing to act on are left out. */
  readonly steps: string[] = [];
  private readonly stage: Stage;
  private readonly oracle: Oracle;
  private indent = "  ";

  constructor(loop: Loop, world: World, judgement: Judgement) {
    this.stage = new Stage(loop, world, (watched, events) => {
      this.oracle.judge(watched, events);
      const { plan, name } = watched;
      watched.plan = [];
      if (plan.length === 0) return;
      const { indent } = this;
      this.steps.push(`${indent}in the callback of ${name}:`);
      this.indent += "  ";
      try {
        this.run(plan);
      } finally {
        this.indent = indent;
      }
    });
    this.oracle = new Oracle(this.stage, judgement);
  }

  /** Runs the commands in order. */
  run(commands: readonly Command[]): void {
    for (const command of commands) {
      this.obey(command);
      this.oracle.sample();
    }
  }

  /** Nothing goes wrong any more: within two turns everything wanted and ready is delivered. */
  settle(): void {
    this.oracle.settle();
  }

  private obey(command: Command): void {
    const { stage, oracle } = this;
    const target = this.targetOf(command);
    if (target === undefined) return;
    this.steps.push(this.indent + describeCommand(command, target));
    if (command.do === "open") stage.open(command.kind);
    else if (command.do === "turn") oracle.turn();
    else if (command.do === "wait") oracle.wait();
    else if (command.do === "recreate") this.recreate();
    else if (command.do === "set") this.set(command);
    else if ("watcher" in command) this.onWatcher(command, pick(stage.watched, command.watcher));
    else this.onSlot(command, pick(stage.slots, command.slot));
  }

  /** The names of what a command means; undefined if there is nothing of the kind. */
  private targetOf(command: Command): string | undefined {
    const { watched, slots } = this.stage;
    const watcher = "watcher" in command ? pick(watched, command.watcher)?.name : "";
    const slot = "slot" in command ? pick(slots, command.slot)?.name : "";
    if (watcher === undefined || slot === undefined) return undefined;
    return watcher === "" || slot === "" ? watcher + slot : `${watcher} to ${slot}`;
  }

  private recreate(): void {
    this.stage.loop.recreate();
    for (const watched of this.stage.watched) watched.touch();
  }

  private set({ watcher, slot, interest }: Extract<Command, { readonly do: "set" }>): void {
    const watched = pick(this.stage.watched, watcher);
    const target = pick(this.stage.slots, slot);
    if (watched !== undefined && target !== undefined) this.stage.set(watched, target, interest);
  }

  private onWatcher(
    command: Extract<Command, { readonly do: "start" | "stop" | "modify" | "plan" }>,
    watched: Watched | undefined,
  ): void {
    if (watched === undefined) return;
    switch (command.do) {
      case "start":
        this.stage.start(watched);
        return;
      case "stop":
        this.stage.stop(watched);
        return;
      case "modify":
        this.stage.modify(watched, command.interest);
        return;
      case "plan":
        watched.plan = command.commands;
        return;
    }
  }

  private onSlot(
    command: Exclude<Extract<Command, { readonly slot: number }>, { readonly do: "set" }>,
    slot?: Slot,
  ): void {
    if (slot === undefined) return;
    const { stage } = this;
    const { world } = stage;
    const { fd } = slot;
    switch (command.do) {
      case "close":
        stage.stopAll(fd);
        stage.close(slot);
        return;
      case "abandon":
        stage.close(slot);
        return;
      case "replace": {
        stage.stopAll(fd);
        stage.close(slot);
        const [fresh] = stage.open(command.kind);
        if (fresh !== undefined) stage.watch(fresh, command.interest, false);
        return;
      }
      case "dup":
        stage.dup(slot);
        return;
      case "watch":
        stage.watch(slot, command.interest, command.edge);
        return;
      case "write":
        world.write(fd);
        return;
      case "urge":
        world.urge(fd);
        return;
      case "fill":
        world.fill(fd);
        return;
      case "read":
        // What came just before is gone now, but was there.
        if (world.read(fd)) slot.note(READ);
        return;
      case "drain":
        if (world.drain(fd)) slot.note(READ);
        return;
      case "shutdown":
        world.shutdown(fd, command.direction);
        return;
    }
  }
}

/** The one that an index means, whatever there is. */
function pick<T>(list: readonly T[], index: number): T | undefined {
  return list.length === 0 ? undefined : list[index % list.length];
}
