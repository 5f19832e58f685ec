import { formatAddress } from "../../base/address.ts";
import type { TargetRequest } from "../../net/target.ts";

/**
 * The environment of one request, by the WAGI convention (https://github.com/deislabs/wagi, docs/environment_variables.md),
 * which is CGI/1.1 (RFC 3875 §4.1) with a few names of its own. A variable of the manifest wins over the request's.
 */
export function cgiEnvironment(request: TargetRequest, env: Readonly<Record<string, string>>): Record<string, string> {
  const query = request.path.indexOf("?");
  const rawPath = query < 0 ? request.path : request.path.slice(0, query);
  const rawInfo = rawPath.slice(request.mountedAt.length);
  const host = request.host;
  const colon = host.startsWith("[") ? host.indexOf("]:") + 1 : host.lastIndexOf(":");
  const variables: Record<string, string> = {
    AUTH_TYPE: "",
    CONTENT_LENGTH: "0",
    CONTENT_TYPE: "",
    GATEWAY_INTERFACE: "CGI/1.1",
    PATH_INFO: decodePath(rawInfo),
    PATH_TRANSLATED: decodePath(rawInfo),
    QUERY_STRING: query < 0 ? "" : request.path.slice(query + 1),
    REMOTE_ADDR: request.client.ip,
    REMOTE_HOST: request.client.ip,
    REMOTE_USER: "",
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: request.mountedAt,
    SERVER_NAME: colon > 0 ? host.slice(0, colon) : host,
    SERVER_PORT: colon > 0 ? host.slice(colon + 1) : String(request.server.port),
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "Warren",
    X_FULL_URL: `${request.scheme}://${host === "" ? formatAddress(request.server) : host}${request.path}`,
    X_MATCHED_ROUTE: `${request.mountedAt}/...`,
    X_RAW_PATH_INFO: rawInfo,
  };
  for (const [name, value] of request.headers) {
    if (name === "content-length") variables.CONTENT_LENGTH = value;
    else if (name === "content-type") variables.CONTENT_TYPE = value;
    // httpoxy (CVE-2016-5385): a Proxy header must not become HTTP_PROXY. Credentials are left out as RFC 3875 §9.2 asks.
    else if (name !== "proxy" && name !== "authorization" && name !== "proxy-authorization") {
      const variable = `HTTP_${name.toUpperCase().replaceAll("-", "_")}`;
      variables[variable] = variables[variable] === undefined ? value : `${variables[variable]}, ${value}`;
    }
  }
  return { ...variables, ...env };
}

function decodePath(path: string): string {
  try {
    // A NUL would end the variable early in the guest.
    const text = decodeURIComponent(path);
    return text.includes("\0") ? path : text;
  } catch {
    return path;
  }
}
