import type { Activity } from "../net/target.ts";

/** Counts for one revision of a service. */
export function newActivity(): Activity {
  return { requests: 0, active: 0, onIdle: undefined };
}

/** Resolves with a promise, or after so many milliseconds. */
export async function withinMs(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms));
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** Resolves when nothing is in flight, or after `graceMs`. */
export function untilIdle(activity: Activity, graceMs: number): Promise<void> {
  if (activity.active === 0) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, graceMs);
  const before = activity.onIdle;
  activity.onIdle = () => {
    before?.();
    clearTimeout(timer);
    resolve();
  };
  return promise;
}
