/**
 * How many requests the kernel is handed at a time. More go in several calls, which cost little beside them; a longer queue
 * would only take more of the processor's cache.
 */
export const SUBMISSIONS = 256;

const FEWEST = 1024;

/**
 * Places for the answers of so many polls, and as many again: the kernel's table in which a removal finds its poll grows with
 * them, see KERNEL.md.
 */
export function completionsFor(polls: number): number {
  let size = FEWEST;
  while (size < polls * 2) size *= 2;
  return size;
}
