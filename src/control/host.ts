import { WarrenError } from "../base/errors.ts";

/** Where a daemon's control API is. */
export type Host =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly secure: boolean; readonly hostname: string; readonly port: number };

/** The port of the control API on TCP, when the URL names none. */
const portDefault = 7373;

/** `unix:///run/warren.sock`, `http://127.0.0.1:7373`, `https://example.com`. Throws `host.invalid`. */
export function parseHost(text: string): Host {
  if (text.startsWith("unix:")) {
    const path = text.replace(/^unix:(\/\/)?/, "");
    if (!path.startsWith("/")) throw invalid(text, "the path of the socket must be absolute");
    return { kind: "unix", path };
  }
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw invalid(text, "expected unix:///path, http://… or https://…");
  }
  if (url.pathname !== "/" || url.search !== "" || url.username !== "")
    throw invalid(text, "only a host and a port are expected");
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return { kind: "tcp", secure: url.protocol === "https:", hostname, port: explicitPort(text, url) ?? portDefault };
}

export function formatHost(host: Host): string {
  if (host.kind === "unix") return `unix://${host.path}`;
  const name = host.hostname.includes(":") ? `[${host.hostname}]` : host.hostname;
  return `${host.secure ? "https" : "http"}://${name}:${host.port}`;
}

/** URL drops the scheme's own port; a user who wrote `:443` meant it. */
function explicitPort(text: string, url: URL): number | undefined {
  if (url.port !== "") return Number(url.port);
  const [, port] = /:([0-9]+)\/?$/.exec(text) ?? [];
  return port === undefined ? undefined : Number(port);
}

function invalid(text: string, why: string): WarrenError {
  return new WarrenError("host.invalid", `"${text.slice(0, 200)}" is not the address of a daemon: ${why}`, {
    hint: "set --host or WARREN_HOST, for example unix:///run/warren.sock",
  });
}
