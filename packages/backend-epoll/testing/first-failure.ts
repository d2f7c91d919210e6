import type { TestRunner } from "@polyloop/loop-core/conformance";

/** What the first test says that fails, of those that the kit defines; nothing if none does. */
export async function firstFailure(define: (runner: TestRunner) => void): Promise<string> {
  const bodies: (() => Promise<void>)[] = [];
  define({
    describe: (_name, body) => {
      body();
    },
    it: (_name, body) => bodies.push(() => body()),
  });
  for (const body of bodies) {
    const message = await body().then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    if (message !== "") return message;
  }
  return "";
}
