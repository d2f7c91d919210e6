/** More than any condition of a test takes, in milliseconds. */
export const GENEROUS = 30_000;

/** Waits until it is so, while Node's own loop goes on; throws when it does not come to be. */
export async function until(isSo: () => boolean): Promise<void> {
  const limit = Date.now() + GENEROUS;
  while (!isSo()) {
    if (Date.now() > limit) throw new Error(`not so within ${String(GENEROUS)} ms: ${String(isSo)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
