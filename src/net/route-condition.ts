/** What of a request a route may ask for besides host and path. */
export interface Asked {
  readonly method: string;
  /** The value of the first field of this name, which is in lower case. */
  field(name: string): string | undefined;
}

/** A route's conditions, of which each must hold. */
export interface RouteCondition {
  readonly methods: ReadonlySet<string> | undefined;
  /** Names in lower case, and the value that each must have; `*` when any will do. */
  readonly headers: readonly (readonly [string, string])[];
  /** The same text for the same conditions. */
  readonly key: string;
}

export interface Conditions {
  /** As sent; HEAD goes with GET. */
  readonly methods?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Undefined when there are none. */
export function routeCondition({ methods = [], headers = {} }: Conditions): RouteCondition | undefined {
  const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (methods.length === 0 && fields.length === 0) return undefined;
  fields.sort(([a], [b]) => byText(a, b));
  const wanted = new Set(methods);
  // RFC 9110 §9.3.2: a HEAD is answered as the GET would be.
  if (wanted.has("GET")) wanted.add("HEAD");
  const key = JSON.stringify([[...wanted].sort(byText), fields]);
  return { methods: methods.length === 0 ? undefined : wanted, headers: fields, key };
}

export function holds(condition: RouteCondition, request: Asked | undefined): boolean {
  if (request === undefined) return false;
  if (condition.methods?.has(request.method) === false) return false;
  for (const [name, value] of condition.headers) {
    const sent = request.field(name);
    if (value === "*" ? sent === undefined : sent !== value) return false;
  }
  return true;
}

/**
 * Which of two is asked first where both may hold: that with more fields, then the one that names methods, then that with more
 * values; else by their text, so that the order never depends on who was there first. Below 0: `a`.
 */
export function compareConditions(a: RouteCondition | undefined, b: RouteCondition | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  const exact = ({ headers }: RouteCondition): number => headers.filter(([, value]) => value !== "*").length;
  const methods = ({ methods }: RouteCondition): number => (methods === undefined ? 0 : 1);
  return (
    b.headers.length - a.headers.length ||
    methods(b) - methods(a) ||
    exact(b) - exact(a) ||
    (a.key < b.key ? -1 : a.key === b.key ? 0 : 1)
  );
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
