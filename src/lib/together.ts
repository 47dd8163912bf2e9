/** Works that need nothing of each other, side by side. */

/**
 * Does the works at once and gives what each gave. Where some fail, all have ended, and the failure of the first of them in their
 * order is thrown: what a caller is told does not depend on which was faster.
 */
export async function together<const T extends readonly unknown[]>(
  ...works: { readonly [K in keyof T]: Promise<T[K]> }
): Promise<{ -readonly [K in keyof T]: T[K] }> {
  const outcomes = await Promise.allSettled(works);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: T[K];
  };
}
