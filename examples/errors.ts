import { LoopError } from "@polyloop/loop-core";
import { errnoMessage, errnoName } from "@polyloop/sys";

/** What `@polyloop/sys` answered, or an error if that is a negative errno: for calls a program cannot do without. */
export function orThrow(syscall: string, answer: number): number {
  if (answer >= 0) return answer;
  const code = errnoName(answer);
  throw new LoopError(code, `${syscall} failed with ${code} (${errnoMessage(answer)})`, { syscall, errno: answer });
}

/**
 * Ends the program over an error that its user can do something about, such as a backend or a file that does not exist: one
 * that has a code. The message is enough then, a LoopError's ends with what to do. Anything else is a bug and keeps its stack.
 */
export function refuse(error: unknown): never {
  if (!(error instanceof Error && "code" in error)) throw error;
  console.error(error.message);
  process.exit(1);
}
