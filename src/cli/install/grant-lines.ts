import { formatAddress } from "../../base/address.ts";
import { formatOutboundGrant } from "../../base/outbound-grant.ts";
import type { GrantWords } from "../run/grants.ts";

/** What an installed program may do, a line each, as it was written. */
export function grantLines(words: GrantWords): string[] {
  const { mounts = [], env = {}, passedEnv = [], outbound = [], unix = [], listen = [], interactive } = words;
  return [
    ...mounts.map((mount) => {
      if (!("source" in mount)) return `files: ${mount.target}, in memory, at most ${mount.tmp}`;
      return `files: ${mount.target} = ${mount.source} (${mount.mode}${below(mount.source)})`;
    }),
    ...Object.entries(env).map(([name, value]) => `variable: ${name}=${JSON.stringify(value)}`),
    ...passedEnv.map((name) => `variable: ${name}, as it is at each run`),
    ...outbound.map((grant) => `connections: ${formatOutboundGrant(grant)}`),
    ...unix.map(({ path, source }) => `connections: unix:${path} = ${source}${below(source)}`),
    ...listen.map(({ protocol, address }) => `listens: ${protocol}://${formatAddress(address)}`),
    ...(interactive ? ["streams: the terminal's keys and screen"] : []),
    ...limits.flatMap((limit) => (words[limit] === undefined ? [] : [`${limit}: at most ${words[limit]}`])),
  ];
}

function below(source: string): string {
  return source.startsWith("/") ? "" : ", below the directory of each run";
}

const limits = ["memory", "cpu", "time"] as const;

/** What one may do that the other may not. A limit that is changed or taken away counts, one that is added does not. */
export function moreGranted(before: GrantWords, after: GrantWords): string[] {
  const had = grantLines(before);
  const more = grantLines(after).filter((line) => !had.includes(line));
  const lifted = limits.filter((limit) => before[limit] !== undefined && after[limit] === undefined);
  const added = (line: string): boolean =>
    limits.some((limit) => line.startsWith(`${limit}:`) && before[limit] === undefined);
  return [...more.filter((line) => !added(line)), ...lifted.map((limit) => `${limit}: no limit`)];
}
