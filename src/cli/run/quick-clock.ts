/**
 * performance.now() for the file that `warren run` starts from: tools/build.ts puts it in its place there. Node loads seven modules
 * when `performance` is first looked at, which takes 1 ms.
 */
export function quickNow(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
