import { Argument, type Command, Option } from "commander";
import { type RevocationReason, revocationReasons } from "../../control/acme.ts";
import type { CertificateView } from "../../control/certificate.ts";
import { changeKeys, listHosts, renewHosts, revokeHosts } from "../acme-hosts.ts";
import { connect } from "../connect.ts";
import { type ClientOptions, clientOptions, examples, printJson } from "../options.ts";
import { tableWidth } from "../ui/state.ts";
import { bold } from "../ui/style.ts";
import { renderTable } from "../ui/table.ts";

interface TlsOptions extends ClientOptions {
  readonly pem?: boolean;
  readonly reason?: RevocationReason;
}

const actions = ["ls", "trust", "hosts", "renew", "revoke", "rekey"] as const;

const dayMs = 24 * 60 * 60_000;

export function define(command: Command): void {
  clientOptions(command)
    .description(
      "List the certificates that are shown to clients, see to those that are got by ACME, or tell how to trust those of the machine's own authority.",
    )
    .addArgument(new Argument("<ACTION>", "what to do").choices([...actions]))
    .argument("[HOSTS...]", "hosts, renew, revoke: which")
    .option("--pem", "trust: print the authority's certificate and nothing else")
    .addOption(
      new Option("--reason <REASON>", "revoke: why; unspecified when absent").choices(Object.keys(revocationReasons)),
    )
    .action((action: (typeof actions)[number], hosts: string[], options: TlsOptions) => act(action, hosts, options));
  examples(command, [
    ["warren tls ls", "names, who certified them, and until when"],
    ["warren tls hosts", "the hosts that get certificates by ACME, and why one has none"],
    ["warren tls renew shop.example.com", "order it now: after its DNS was put right, say"],
    ["warren tls revoke --reason key-compromise shop.example.com", "and get another one, with another key"],
    ["warren tls rekey", "new keys for the ACME accounts"],
    ["warren tls trust", "what to do so that browsers take https://NAME.localhost"],
    ["curl --cacert <(warren tls trust --pem) https://shop.localhost:8443", "for one command"],
  ]);
}

function act(action: (typeof actions)[number], hosts: readonly string[], options: TlsOptions): Promise<void> {
  switch (action) {
    case "ls":
      return list(options);
    case "trust":
      return trust(options);
    case "hosts":
      return listHosts(hosts, options);
    case "renew":
      return renewHosts(hosts, options);
    case "revoke":
      return revokeHosts(hosts, options);
    case "rekey":
      return changeKeys(options);
  }
}

async function list(options: TlsOptions): Promise<void> {
  const certificates = await connect(options).listCertificates();
  if (options.json) printJson(certificates);
  else if (certificates.length > 0)
    process.stdout.write(`${certificateTable(certificates, tableWidth(), Date.now())}\n`);
  else process.stderr.write("no certificates; warren serve --https ADDR makes those of the machine's own authority\n");
}

/** The table of `warren tls ls`. */
export function certificateTable(
  certificates: readonly CertificateView[],
  width: number | undefined,
  now: number,
): string {
  const rows = certificates.map(({ source, name, names, issuer, notAfter }) => [
    names.join(" "),
    source === "file" ? `file ${name}` : source,
    issuer,
    notAfter.slice(0, 10),
    left(Date.parse(notAfter) - now),
  ]);
  return renderTable(
    [
      { title: "NAMES", widthMin: 20 },
      { title: "SOURCE", widthMin: 8 },
      { title: "ISSUER", widthMin: 10 },
      { title: "UNTIL" },
      { title: "LEFT", align: "right" },
    ],
    rows,
    { width, titleStyle: (title) => bold(title, process.stdout) },
  );
}

function left(ms: number): string {
  return ms <= 0 ? "expired" : `${Math.floor(ms / dayMs)} d`;
}

async function trust(options: TlsOptions): Promise<void> {
  const authority = await connect(options).localAuthority();
  if (options.json) printJson(authority);
  else if (options.pem) process.stdout.write(authority.certificate);
  else process.stdout.write(howToTrust(authority.path, authority.fingerprint));
}

function howToTrust(path: string, fingerprint: string): string {
  return `The certificate of this machine's authority: ${path}
SHA-256 ${fingerprint}

Whoever trusts it believes every certificate that this daemon makes: on your own machine only.

Debian, Ubuntu:   sudo cp ${path} /usr/local/share/ca-certificates/warren.crt && sudo update-ca-certificates
Fedora, RHEL:     sudo cp ${path} /etc/pki/ca-trust/source/anchors/warren.crt && sudo update-ca-trust
macOS:            sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${path}
Chrome on Linux:  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n warren -i ${path}
Firefox:          Settings, Certificates, View Certificates, Authorities, Import
Node:             NODE_EXTRA_CA_CERTS=${path}
curl:             curl --cacert ${path} https://…
`;
}
