/** What one check of `warren doctor` found. */
export interface Finding {
  readonly check: string;
  readonly state: "ok" | "warn" | "fail";
  readonly found: string;
  /** What to do about it; absent where nothing is wrong. */
  readonly advice?: string;
}

export function ok(check: string, found: string): Finding {
  return { check, state: "ok", found };
}

export function warn(check: string, found: string, advice: string): Finding {
  return { check, state: "warn", found, advice };
}

export function fail(check: string, found: string, advice: string): Finding {
  return { check, state: "fail", found, advice };
}
