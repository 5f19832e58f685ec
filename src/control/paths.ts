// The addresses of the control API, for whoever calls it. Names are encoded, so that a bad one is refused by the daemon
// with a proper message instead of reaching another route.

export const healthPath = "/v1/health";
export const eventsPath = "/v1/events";

export const namespacesPath = "/v1/namespaces";

export function namespacePath(namespace: string): string {
  return `${namespacesPath}/${encodeURIComponent(namespace)}`;
}

export function servicesPath(namespace: string): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}/services`;
}

export function servicePath(namespace: string, name: string): string {
  return `${servicesPath(namespace)}/${encodeURIComponent(name)}`;
}

export const certificatesPath = "/v1/certificates";
export const localAuthorityPath = "/v1/local-authority";

export function volumesPath(namespace: string): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}/volumes`;
}

export function volumePath(namespace: string, name: string): string {
  return `${volumesPath(namespace)}/${encodeURIComponent(name)}`;
}

export function storesPath(namespace: string): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}/stores`;
}

export function storePath(namespace: string, name: string): string {
  return `${storesPath(namespace)}/${encodeURIComponent(name)}`;
}

export function programPath(namespace: string, digest: string): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}/programs/${encodeURIComponent(digest)}`;
}

export const acmeNamesPath = "/v1/acme/names";

export function acmeNamePath(host: string, action: "renew" | "revoke"): string {
  return `${acmeNamesPath}/${encodeURIComponent(host)}/${action}`;
}

export const changeAcmeKeysPath = "/v1/acme/change-keys";

/** `?a=1&b=2` of what is given, or nothing. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== false) search.set(name, String(value));
  }
  return search.size === 0 ? "" : `?${search}`;
}

export function domainsPath(namespace: string): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}/domains`;
}

export function domainPath(namespace: string, domain: string): string {
  return `${domainsPath(namespace)}/${encodeURIComponent(domain)}`;
}
