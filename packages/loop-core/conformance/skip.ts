/** Thrown to leave a test that cannot be made here. */
export class Skip extends Error {
  override readonly name = "Skip";
}
