import { mapSharedPage } from "../base/shared-page.ts";
import { beatEveryMs, pulseFd, pulseWord } from "./protocol.ts";

/**
 * Shows the daemon that the event loop turns, on a page that both share: a worker that hangs cannot say anything. Gives the
 * word of the page in which to keep the number of the guest that runs.
 */
export function startPulse(): Uint32Array {
  const words = new Uint32Array(mapSharedPage(pulseFd));
  const beat = (): void => {
    words[pulseWord.beats] = (words[pulseWord.beats] as number) + 1;
  };
  // Once now: from here on it is watched.
  beat();
  setInterval(beat, beatEveryMs).unref();
  return words.subarray(pulseWord.guest, pulseWord.guest + 1);
}
