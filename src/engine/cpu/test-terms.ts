import { CpuShare } from "./cpu-share.ts";
import { type CpuTerms, Preemption } from "./preemption.ts";

const preemption = new Preemption();

/** Terms for a guest of a test: one clock for the test file's guests, and no limit that an ordinary one would meet. */
export function testTerms(more: Partial<CpuTerms> = {}): CpuTerms {
  return { preemption, share: new CpuShare(), burstMsMax: 60_000, ...more };
}
