import { type NativePinnedTransfer, native } from "./native.js";
import { hasFixedMemory, inspectView } from "./views.js";

/** Slots of {@link PinnedTransfer.words}; `native/pinned-transfer.cc` has the same. */
export const FD = 0;
export const OFFSET = 1;
export const LENGTH = 2;
export const RESULT = 3;
/** A result that is no count and no errno: nothing was done, a number was out of range. */
export const REFUSED = -(2 ** 31);

/** No caller's view is this one, and it has no element. */
const NONE = new Uint8Array(0);

/**
 * One direction of moving bytes, and the view it remembers. A program that moves bytes usually does so through one
 * buffer: the memory of that is pinned, and then `run` needs neither arguments nor an answer, which saves some
 * 65 ns a call.
 *
 * `run` may be called only when, with nothing of JavaScript in between, `view` was found to be {@link view} and not
 * detached. Then the memory that was pinned is still that of the view: only detaching takes a fixed, unshared buffer's
 * memory away, and the strong reference here keeps the garbage collector from it.
 */
export class PinnedTransfer {
  /** The view that is pinned, or {@link NONE}: then what `run` works on may be gone. */
  view: Uint8Array = NONE;
  /** The arguments and the result of {@link run}. Never handed out: who has them could detach them. */
  words = new Int32Array(0);
  run: () => void = neverPinned;
  #native: NativePinnedTransfer | undefined;
  /** What {@link inspectView} let pass last. */
  #inspected: unknown;
  /** The same, until its second use in a row: then it is pinned. Programs that alternate between views do not pay for pins. */
  #candidate: unknown;
  readonly #name: "read" | "write";

  constructor(name: "read" | "write") {
    this.#name = name;
  }

  /** To be called before a view is used in any other way than by {@link run}. Throws for memory that is in no order. */
  note(view: unknown): void {
    if (view !== this.#inspected) {
      // First of all: JavaScript can end between any two steps (an overflow of the stack, a timeout of node:vm), and
      // there must be no view here while another one is being pinned.
      this.view = NONE;
      this.#inspected = this.#candidate = undefined;
      this.#inspected = this.#candidate = inspectView(this.#name, "view", view);
    } else if (this.#candidate !== undefined) {
      this.#candidate = undefined;
      this.#pin(view);
    }
  }

  /** Last of all, for the same reason, the view is taken down as pinned. */
  #pin(view: unknown): void {
    const { words, run } = (this.#native ??= native().createPinnedTransfer(this.#name === "write"));
    this.words = words;
    this.run = run;
    if (hasFixedMemory(view) && this.#native.pin(view)) this.view = view;
  }
}

function neverPinned(): never {
  throw new Error("polyloop: a transfer without a pinned view");
}
