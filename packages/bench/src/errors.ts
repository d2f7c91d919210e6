/** Something the caller can put right; the command line prints it without a stack. */
export class BenchError extends Error {
  override readonly name = "BenchError";
  /** What to do about it, as an instruction; a command where there is one. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** What to print of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
