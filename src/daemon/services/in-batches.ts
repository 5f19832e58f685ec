/** How many services are started at a time when many are. */
export const startsAtOnce = 8;

/** Does a task for each item, so many at a time. */
export async function inBatches<T>(
  items: readonly T[],
  task: (item: T) => Promise<void>,
  atOnce: number = startsAtOnce,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      for (const item of queue) await task(item);
    }),
  );
}
