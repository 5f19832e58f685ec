import assert from "node:assert/strict";
import { test } from "node:test";
import { type RouteRule, RouteTable } from "./router.ts";
import type { HttpTarget } from "./target.ts";
import { newActivity } from "./test-rig.ts";

// Random tables, changed at random, asked at random, beside a matcher that looks at every route. WARREN_FUZZ_MS, in
// milliseconds, runs longer; WARREN_FUZZ_SEED repeats a run.

const runMs = Number(process.env.WARREN_FUZZ_MS ?? 1500);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? Date.now()) >>> 0;
const target: HttpTarget = { kind: "stream", activity: newActivity(), connect: () => assert.fail() };

/** mulberry32: small, and good enough to choose cases. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hosts = ["a.test", "b.a.test", "c.b.a.test", "*.a.test", "*.b.a.test", "*.test", "test", undefined, undefined];
const asked = ["a.test", "A.test:80", "b.a.test.", "c.b.a.test", "d.c.b.a.test", "test", "x.test", "other", "1.2.3.4"];
const paths = [undefined, "/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/b"];
const wanted = ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/bc", "/a/b/c/d/e", "/ab/x", "//a", "/b/", "/c"];
const ips = [undefined, undefined, undefined, "192.0.2.1", "192.0.2.2"];
const dialled = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
const methods = [undefined, undefined, ["GET"], ["POST"], ["GET", "POST"]];
const headers = [undefined, undefined, { "x-a": "1" }, { "x-a": "*" }, { "x-a": "1", "x-b": "*" }];
const services = ["one/a", "one/b", "one/c", "two/a", "two/b"];

type Plain = RouteRule & { service: string };

const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
const tenant = (service: string): string => service.split("/")[0]!;
const prefix = ({ path = "" }: RouteRule): string => path.replace(/\/+$/, "");
const covers = (pattern: string | undefined, name: string): boolean =>
  pattern === undefined || (pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : pattern === name);
/** Exact before wildcards before any; the longer wildcard before the shorter. */
const hostRank = ({ host }: RouteRule): number =>
  host === undefined ? 0 : host.startsWith("*.") ? host.length : 10_000;

interface Question {
  readonly host: string;
  readonly path: string;
  readonly ip: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
}

function conditions({ methods, headers }: RouteRule): number[] {
  const fields = Object.values(headers ?? {});
  return [fields.length, methods === undefined ? 0 : 1, fields.filter((value) => value !== "*").length];
}

function fulfils({ methods, headers }: RouteRule, { method, fields }: Question): boolean {
  if (methods !== undefined && !methods.includes(method === "HEAD" ? "GET" : method)) return false;
  return Object.entries(headers ?? {}).every(([name, value]) =>
    value === "*" ? fields[name] !== undefined : fields[name] === value,
  );
}

/** Everything that is possible, best first. */
function candidates(rules: readonly Plain[], question: Question): Plain[] {
  const name = nameOf(question.host);
  const here = rules.filter(({ ip }) => ip === undefined || ip === question.ip);
  const named = here.filter((rule) => rule.host !== undefined && covers(rule.host, name));
  // The closest name decides, at the address dialled before at any.
  const closest = (some: readonly Plain[]): Plain | undefined => some.toSorted((a, b) => hostRank(b) - hostRank(a))[0];
  const naming =
    closest(named.filter(({ ip }) => ip !== undefined)) ?? closest(named.filter(({ ip }) => ip === undefined));
  const owner = naming === undefined ? undefined : tenant(naming.service);
  const order = (rule: Plain): number[] => [
    rule.ip === undefined ? 0 : 1,
    hostRank(rule),
    prefix(rule).length,
    ...conditions(rule),
  ];
  return here
    .filter((rule) => covers(rule.host, name) && (owner === undefined || tenant(rule.service) === owner))
    .filter((rule) => question.path === prefix(rule) || question.path.startsWith(`${prefix(rule)}/`))
    .filter((rule) => fulfils(rule, question))
    .sort((a, b) => {
      const [left, right] = [order(a), order(b)];
      const at = left.findIndex((value, index) => value !== right[index]);
      return at < 0 ? 0 : right[at]! - left[at]!;
    });
}

/** A name belongs to one tenant, and so does what nobody names at an address, as the daemon sees to. */
function allowed(rules: readonly Plain[], rule: Plain): boolean {
  const others = rules.filter(({ service }) => tenant(service) !== tenant(rule.service));
  const clash = (a: string, b: string): boolean =>
    a === b || covers(a, b.replace(/^\*/, "x")) || covers(b, a.replace(/^\*/, "x"));
  const { host, ip } = rule;
  return others.every((other) => {
    if (host === undefined || other.host === undefined) return host !== other.host || ip !== other.ip;
    return !clash(host, other.host);
  });
}

test(`RouteTable agrees with a matcher that looks at every route (seed ${seed})`, () => {
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const until = performance.now() + runMs;
  let questions = 0;
  do {
    const table = new RouteTable();
    let rules: Plain[] = [];
    for (let change = 0; change < 12; change++) {
      const service = pick(services);
      const rest = rules.filter((rule) => rule.service !== service);
      const mine: Plain[] = [];
      for (let count = Math.floor(random() * 5); count > 0; count--) {
        const [host, path, ip, method, header] = [pick(hosts), pick(paths), pick(ips), pick(methods), pick(headers)];
        const rule: Plain = {
          service,
          listener: "http",
          target,
          ...(host === undefined ? {} : { host }),
          ...(path === undefined ? {} : { path }),
          ...(ip === undefined ? {} : { ip }),
          ...(method === undefined ? {} : { methods: method }),
          ...(header === undefined ? {} : { headers: header }),
        };
        const place = (one: Plain): string =>
          JSON.stringify([one.host, prefix(one), one.ip, one.methods, Object.entries(one.headers ?? {})]);
        if (mine.some((one) => place(one) === place(rule)) || !allowed(rest, rule)) continue;
        mine.push(rule);
      }
      const before = rules;
      try {
        table.set(service, mine);
        rules = [...rest, ...mine];
      } catch {
        rules = before;
      }
      for (let count = 0; count < 20; count++) {
        const question: Question = {
          host: pick(asked),
          path: pick(wanted),
          ip: pick(dialled),
          method: pick(["GET", "HEAD", "POST", "PUT"]),
          fields: pick([{}, { "x-a": "1" }, { "x-a": "2" }, { "x-a": "1", "x-b": "" }] as Record<string, string>[]),
        };
        const { host, path, ip, method, fields } = question;
        const field = (name: string): string | undefined => fields[name];
        const found = table.match("http", host, path, false, ip, { method, field });
        const [best, second] = candidates(rules, question);
        // Two of one place whose conditions say as much: their text decides.
        const tie =
          best !== undefined &&
          second !== undefined &&
          second.host === best.host &&
          second.ip === best.ip &&
          prefix(second) === prefix(best) &&
          conditions(second).join() === conditions(best).join();
        questions++;
        if (!tie) assert.equal(found?.service, best?.service, JSON.stringify({ seed, question, rules }));
      }
    }
    for (const service of services) table.delete(service);
    assert.equal(table.match("http", "a.test", "/", false, "192.0.2.1"), undefined);
  } while (performance.now() < until);
  assert.ok(questions > 0);
});
