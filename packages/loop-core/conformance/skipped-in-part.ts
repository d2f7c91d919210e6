/** Says what a test left out. The rest of it counts, so it is not skipped for the runner. */
export function skippedInPart(what: string, reason: string): void {
  process.stderr.write(`skipped in part: ${what}: ${reason}\n`);
}
