/** Up to this size a view may be kept alive only to recognise it again. */
const LARGEST_REMEMBERED = 65536;

/** `resizable` is missing on a SharedArrayBuffer (there it is `growable`). Compared by value: realms differ. */
interface BufferTraits {
  readonly byteLength: number;
  readonly resizable?: boolean;
}

/**
 * Throws `ERR_INVALID_ARG_VALUE` when the memory of `view` could change its size or be written by another thread during
 * a system call. What is no view at all is left to the addon, which says so better; and the addon checks every bound
 * itself, so lying getters can hide the trait but not reach foreign memory.
 *
 * A view never changes its buffer, so the answer holds for good: returns what the caller may remember of it, the view
 * itself when it is small, so that the next call needs one comparison (2 ns) and not two getters (28 ns).
 */
export function inspectView(functionName: string, argument: string, view: unknown): unknown {
  if (!ArrayBuffer.isView(view)) return undefined;
  const buffer: BufferTraits = view.buffer;
  if (buffer.resizable === false) return buffer.byteLength <= LARGEST_REMEMBERED ? view : undefined;
  const found = buffer.resizable === undefined ? "shared with other threads" : "resizable";
  const error = new TypeError(
    `${functionName}: "${argument}" must be a view of memory of fixed size and of this thread alone, got one that is ${found}`,
  );
  throw Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
}

/** The getters of the language itself: a subclass or the buffer may have others that lie. */
const { apply } = Reflect;
const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype) as object;
const bufferOf = getterOf(typedArray, "buffer");
const isResizable = getterOf(ArrayBuffer.prototype, "resizable");

function getterOf(prototype: object, name: string): () => unknown {
  // Taken from its object on purpose, to be applied to others.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as () => unknown;
}

/** Whether `view` is in truth a typed array over memory that keeps its size and belongs to this thread alone. */
export function hasFixedMemory(view: unknown): boolean {
  try {
    return apply(isResizable, apply(bufferOf, view, []), []) === false;
  } catch {
    return false; // no typed array, or shared memory: the getters are not for those
  }
}
