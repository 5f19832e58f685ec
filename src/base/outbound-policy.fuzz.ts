// Random grants and answers against a plain statement of the rule: what a policy lets through was granted by its address, or
// is public and an answer to a granted name.
import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import { outboundGrant } from "./outbound-grant.ts";
import { OutboundPolicy } from "./outbound-policy.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 500);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

/** Node's own block list, from texts of our own: another implementation than the one under test. */
const special = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3],
] as const) {
  special.addSubnet(net, bits, "ipv4");
}
for (const [net, bits] of [
  ["::", 96],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
] as const) {
  special.addSubnet(net, bits, "ipv6");
}

const addresses = [
  ..."127.0.0.1 127.1.2.3 0.0.0.0 10.0.0.1 10.255.1.2 172.16.3.4 172.31.0.1 172.32.0.1 192.168.1.1 169.254.169.254 100.64.1.1".split(
    " ",
  ),
  ..."8.8.8.8 8.8.4.4 1.1.1.1 11.0.0.1 128.0.0.1 223.255.255.255 224.0.0.1 255.255.255.255 ::1 :: fc00::1 fdff::2 fe80::1".split(
    " ",
  ),
  ..."ff02::1 2606:4700::1111 2a00::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::7f00:1".split(" "),
];
const names = ["a.example", "b.example", "sub.a.example", "x.sub.a.example", "localhost"];
const hosts = [
  ...[
    "a.example",
    "b.example",
    "*.a.example",
    "*",
    "127.0.0.1",
    "10.0.0.0/8",
    "8.8.8.0/24",
    "::/0",
    "0.0.0.0/0",
    "fc00::/7",
  ],
  ...["10.0.0.0/7", "128.0.0.0/1", "2606:4700::/32", "::1"],
];

function isSpecial(ip: string): boolean {
  const plain = ip.replace("::ffff:", "");
  return special.check(plain, plain.includes(":") ? "ipv6" : "ipv4");
}

function inBlock(ip: string, host: string): boolean {
  const [net = "", bits] = host.split("/");
  if (!/^[0-9a-f.:]+$/.test(net) || !/[.:]/.test(net) || /[g-z]/.test(net)) return false;
  const plain = ip.replace("::ffff:", "");
  if (plain.includes(":") !== net.includes(":")) return false;
  const list = new BlockList();
  const family = net.includes(":") ? "ipv6" : "ipv4";
  list.addSubnet(net, Number(bits ?? (family === "ipv4" ? 32 : 128)), family);
  return list.check(plain, family);
}

function named(name: string, host: string): boolean {
  return host === "*" || host === name || (host.startsWith("*.") && name.endsWith(host.slice(1)));
}

test(`what is let through was granted (seed ${seed}, ${rounds} policies)`, () => {
  let state = seed >>> 0;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
  let reached = 0;
  for (let round = 0; round < rounds; round++) {
    const granted = Array.from({ length: random(4) }, () =>
      outboundGrant({ host: pick(hosts), port: pick(["80", "443", "80-443", "*"]), protocol: pick(["tcp", "udp"]) }),
    );
    const policy = new OutboundPolicy(granted, () => 0);
    const answers = new Set<string>();
    for (let step = 0; step < 20; step++) {
      const name = pick(names);
      const answer = Array.from({ length: random(3) }, () => pick(addresses));
      const given = policy.resolved(name, answer);
      for (const ip of answer) answers.add(`${name} ${ip.replace("::ffff:", "")}`);
      for (const ip of given) assert.ok(answer.some((one) => one.replace("::ffff:", "") === ip));
      const ip = pick(addresses);
      const port = pick([0, 79, 80, 443, 444]);
      const protocol = pick(["tcp", "udp"] as const);
      if (!policy.mayReach(protocol, { ip, port })) continue;
      reached++;
      const right = granted.some((grant) => {
        if (grant.protocol !== protocol || port < grant.firstPort || port > grant.lastPort) return false;
        if (
          inBlock(ip, grant.host) &&
          (!isSpecial(ip) || !["0.0.0.0/0", "::/0", "10.0.0.0/7", "128.0.0.0/1"].includes(grant.host))
        )
          return true;
        return (
          !isSpecial(ip) &&
          names.some((one) => named(one, grant.host) && answers.has(`${one} ${ip.replace("::ffff:", "")}`))
        );
      });
      assert.ok(
        right,
        `${protocol} ${ip} port ${port} with ${JSON.stringify(granted)} after ${JSON.stringify([...answers])}`,
      );
    }
  }
  assert.ok(reached > rounds / 10);
});
