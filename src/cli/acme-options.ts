import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { WarrenError } from "../base/errors.ts";
import type { AcmeSettings } from "../daemon/acme/make-acme.ts";
import { collect } from "./options.ts";

/** The options of `warren serve` that are about certificates by ACME. */
export interface AcmeFlags {
  readonly https?: string[];
  readonly acme?: string;
  readonly acmeCa?: string[];
  readonly acmeStaging?: boolean;
  readonly acmeRoot?: string;
  readonly acmeEab?: { readonly ca: string; readonly path: string }[];
}

export function defineAcme(command: Command): void {
  command
    .addOption(
      new Option(
        "--acme <EMAIL>",
        "certificates by ACME for the hosts of all services; says that you agree to the terms of the CAs, and gives them this address",
      ).argParser(email),
    )
    .option(
      "--acme-ca <CA>",
      "letsencrypt (the default), letsencrypt-staging, zerossl or the URL of an ACME directory; several times: the next when one fails",
      collect(String),
    )
    .addOption(
      new Option("--acme-staging", "the same as --acme-ca letsencrypt-staging: no browser trusts it, to try").conflicts(
        "acmeCa",
      ),
    )
    .option("--acme-root <FILE>", "certificates that a CA given by a URL may show besides those of the web, PEM")
    .option(
      "--acme-eab <CA=FILE>",
      "the account that zerossl and others want to know: FILE holds the key's id and its MAC key",
      collect(external),
    );
}

/** What the options say; undefined without `--acme`. */
export function acmeSettings(flags: AcmeFlags): AcmeSettings | undefined {
  if (flags.acme === undefined) {
    if (flags.acmeCa ?? flags.acmeStaging ?? flags.acmeRoot ?? flags.acmeEab)
      throw new WarrenError("serve.acme", "the options --acme-… do nothing without --acme EMAIL", {
        hint: "add --acme with the address that the CA writes to",
      });
    return undefined;
  }
  if (flags.https === undefined)
    throw new WarrenError("serve.acme", "--acme gets certificates for an HTTPS listener, and there is none", {
      hint: "add --https, such as --https :443",
    });
  return {
    email: flags.acme,
    authorities: [...new Set(flags.acmeCa ?? [flags.acmeStaging === true ? "letsencrypt-staging" : "letsencrypt"])],
    roots: flags.acmeRoot === undefined ? undefined : resolve(flags.acmeRoot),
    external: (flags.acmeEab ?? []).map(({ ca, path }) => ({ ca, path: resolve(path) })),
  };
}

function email(text: string): string {
  // What CAs refuse they say themselves; this becomes part of a mailto URL (RFC 6068).
  if (/^[^\s@,?&<>"]{1,64}@[^\s@,?&<>"]{1,255}$/.test(text)) return text;
  throw new InvalidArgumentError("Expected the address of a mailbox, such as me@example.com.");
}

function external(text: string): { readonly ca: string; readonly path: string } {
  const at = text.lastIndexOf("=");
  if (at > 0 && at < text.length - 1) return { ca: text.slice(0, at), path: text.slice(at + 1) };
  throw new InvalidArgumentError("Expected a CA and a file, such as zerossl=/etc/warren/zerossl.key.");
}
