import { describeEvents, type Interest } from "../../src/events.js";
import type { Direction, Kind } from "./world.js";

/**
 * One step of a program. Descriptors and watchers are named by any integer: the machine takes it modulo what there is, so
 * that every sequence of commands is a program, and what is left when some are taken out is one too.
 */
export type Command =
  | { readonly do: "open"; readonly kind: Kind }
  /** Stops every watcher of the descriptor, then closes it: what the contract asks for. */
  | { readonly do: "close"; readonly slot: number }
  /** Closes it while it is watched: what a program must not do, and some do. */
  | { readonly do: "abandon"; readonly slot: number }
  /** Closes it properly, opens another file, which gets the same number, and watches that. */
  | { readonly do: "replace"; readonly slot: number; readonly kind: Kind; readonly interest: Interest }
  | { readonly do: "dup"; readonly slot: number }
  | { readonly do: "watch"; readonly slot: number; readonly interest: Interest; readonly edge: boolean }
  | { readonly do: "start"; readonly watcher: number }
  | { readonly do: "stop"; readonly watcher: number }
  | { readonly do: "modify"; readonly watcher: number; readonly interest: Interest }
  | { readonly do: "set"; readonly watcher: number; readonly slot: number; readonly interest: Interest }
  | { readonly do: "write" | "urge" | "fill" | "read" | "drain"; readonly slot: number }
  | { readonly do: "shutdown"; readonly slot: number; readonly direction: Direction }
  /** The watcher's next callback does these. */
  | { readonly do: "plan"; readonly watcher: number; readonly commands: readonly Command[] }
  /** One turn that does not wait. */
  | { readonly do: "turn" }
  /** One that does, if something is ready; otherwise the loop rests for a millisecond and must not be busy meanwhile. */
  | { readonly do: "wait" }
  /** Declares the kernel state lost. */
  | { readonly do: "recreate" };

/** A command as a person would write it down; `target` says what its index has meant. */
export function describeCommand(command: Command, target: string): string {
  const { do: verb } = command;
  switch (command.do) {
    case "open":
      return `open a ${command.kind}`;
    case "replace":
      return `replace ${target} by a ${command.kind} and watch it for ${describeEvents(command.interest)}`;
    case "watch":
      return `watch ${target} for ${describeEvents(command.interest)}${command.edge ? ", edge" : ""}`;
    case "modify":
      return `modify ${target} to ${describeEvents(command.interest)}`;
    case "set":
      return `set ${target}, ${describeEvents(command.interest)}`;
    case "shutdown":
      return `shut down ${target}: ${command.direction}`;
    case "plan":
      return `the next callback of ${target} does ${command.commands.map((one) => one.do).join(", ")}`;
    case "turn":
    case "wait":
    case "recreate":
      return verb;
    default:
      return `${verb} ${target}`;
  }
}
