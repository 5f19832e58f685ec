import { WarrenError } from "../base/errors.ts";
import type { AcmeNameView, RevocationReason } from "../control/acme.ts";
import { connect } from "./connect.ts";
import { eachNamed } from "./each-named.ts";
import { type ClientOptions, printJson } from "./options.ts";
import { tableWidth } from "./ui/state.ts";
import { bold } from "./ui/style.ts";
import { renderTable } from "./ui/table.ts";

// The actions of `warren tls` that are about certificates by ACME.

export async function listHosts(hosts: readonly string[], options: ClientOptions): Promise<void> {
  const all = await connect(options).listAcmeNames();
  const views = hosts.length === 0 ? all : all.filter(({ host }) => hosts.includes(host));
  if (options.json) printJson(views);
  else if (views.length > 0) process.stdout.write(`${hostTable(views, tableWidth())}\n`);
  else
    process.stderr.write(
      "no hosts get certificates by ACME; warren serve --acme EMAIL orders them for routes with a host\n",
    );
}

/** The table of `warren tls hosts`. */
export function hostTable(views: readonly AcmeNameView[], width: number | undefined): string {
  const rows = views.map(({ host, state, ca = "", notAfter, renewAt, reason, nextTry }) => {
    const next = nextTry ?? renewAt;
    return [host, state, ca, minute(notAfter), minute(next), reason ?? ""];
  });
  return renderTable(
    [
      { title: "HOST", widthMin: 16 },
      { title: "STATE" },
      { title: "CA" },
      { title: "UNTIL" },
      { title: "NEXT TRY" },
      { title: "REASON", widthMin: 20 },
    ],
    rows,
    { width, titleStyle: (title) => bold(title, process.stdout) },
  );
}

/** `2026-11-24 08:15`, UTC. */
function minute(time: string | undefined): string {
  return time === undefined ? "" : time.slice(0, 16).replace("T", " ");
}

export async function renewHosts(hosts: readonly string[], options: ClientOptions): Promise<void> {
  await eachNamed(someOf("renew", hosts), options, async (client, host) => {
    await client.renewCertificate(host);
    return undefined;
  });
}

export async function revokeHosts(
  hosts: readonly string[],
  options: ClientOptions & { readonly reason?: RevocationReason },
): Promise<void> {
  await eachNamed(someOf("revoke", hosts), options, async (client, host) => {
    await client.revokeCertificate(host, options.reason);
    return undefined;
  });
}

export async function changeKeys(options: ClientOptions): Promise<void> {
  await connect(options).changeAcmeKeys();
  if (options.json) printJson({ changed: true });
  else process.stdout.write("the ACME accounts have new keys\n");
}

function someOf(action: string, hosts: readonly string[]): readonly string[] {
  if (hosts.length > 0) return hosts;
  throw new WarrenError("usage.missing-argument", `tls ${action}: which host?`, {
    hint: "warren tls hosts shows those there are",
  });
}
