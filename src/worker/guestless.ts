import type { Activity, Refused } from "../net/target.ts";
import { newActivity } from "./activity.ts";
import type { GuestlessCounts } from "./protocol.ts";

interface Known {
  readonly activity: Activity;
  readonly refused: Refused;
}

/** What is asked of services that no guest answers: files, redirects, fixed answers. For as long as this worker knows the service. */
export class Guestless {
  readonly #services = new Map<string, Known>();

  of(service: string): Activity {
    let known = this.#services.get(service);
    if (known === undefined) {
      const refused: Refused = { rate: 0, connections: 0, queue: 0 };
      known = { activity: { ...newActivity(), refused }, refused };
      this.#services.set(service, known);
    }
    return known.activity;
  }

  /** Of one service, or of all. */
  counts(service: string | undefined): GuestlessCounts[] {
    return [...this.#services]
      .filter(([name]) => service === undefined || name === service)
      .map(([name, { activity, refused }]) => ({
        service: name,
        requests: activity.requests,
        refused: { ...refused },
      }));
  }

  forget(service: string): void {
    this.#services.delete(service);
  }
}
