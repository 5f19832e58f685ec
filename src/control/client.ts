import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Digest } from "../base/digest.ts";
import { systemCode, WarrenError } from "../base/errors.ts";
import type { AcmeNameView, RevocationReason } from "./acme.ts";
import type { CertificateView, LocalAuthorityView } from "./certificate.ts";
import { type Host, parseHost } from "./host.ts";
import {
  acmeNamePath,
  acmeNamesPath,
  certificatesPath,
  changeAcmeKeysPath,
  domainPath,
  domainsPath,
  eventsPath,
  healthPath,
  localAuthorityPath,
  namespacePath,
  namespacesPath,
  programPath,
  query,
  servicePath,
  servicesPath,
  storePath,
  storesPath,
  volumePath,
  volumesPath,
} from "./paths.ts";
import type {
  DomainView,
  EventView,
  HealthView,
  LogLine,
  NamespaceView,
  ServiceSpec,
  ServiceView,
  StoreView,
  VolumeView,
} from "./service.ts";
import { Transport } from "./transport.ts";

const uploadChunkBytes = 256 * 1024;

export interface ClientOptions {
  /** Needed on TCP, not on the unix socket. */
  readonly token?: string | undefined;
}

export interface ChangeOptions {
  /** The service must still be as it was when this ETag was read (412 `service.changed`). */
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends ChangeOptions {
  /** The service must not exist yet (412 `service.changed`). */
  readonly ifAbsent?: boolean;
}

export interface UploadOptions {
  /** Called as bytes are sent. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface LogOptions {
  readonly follow?: boolean;
  /** The access log, in place of what its program and Warren wrote. */
  readonly access?: boolean;
  /** A date and time (RFC 3339), or a duration before now (`10m`). */
  readonly since?: string | undefined;
  /** At most so many of the newest lines. */
  readonly tail?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EventOptions {
  readonly follow?: boolean;
  /** A date and time (RFC 3339), or a duration before now (`10m`). */
  readonly since?: string | undefined;
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A service and the ETag that guards a change to it. */
export interface Tagged {
  readonly service: ServiceView;
  readonly etag: string;
}

/**
 * The control API of one daemon, typed. Every method throws what the daemon answered as a WarrenError with its code, or
 * `daemon.unreachable`, `daemon.forbidden`, `daemon.disconnected`.
 */
export class WarrenClient {
  readonly #transport: Transport;

  /** `host`: `unix:///run/warren.sock`, `http://…` or `https://…`. */
  constructor(host: string | Host, { token }: ClientOptions = {}) {
    this.#transport = new Transport(typeof host === "string" ? parseHost(host) : host, token);
  }

  async health(): Promise<HealthView> {
    return (await this.#transport.json<HealthView>("GET", healthPath)).value;
  }

  async listServices(namespace: string): Promise<ServiceView[]> {
    return (await this.#transport.json<ServiceView[]>("GET", servicesPath(namespace))).value;
  }

  async getService(namespace: string, name: string): Promise<Tagged> {
    return this.#tagged("GET", servicePath(namespace, name), {});
  }

  /** Deploys and waits until the new revision listens. Throws `deploy.*` with the guest's last words. */
  async putService(
    namespace: string,
    spec: ServiceSpec,
    options: PutOptions = {},
  ): Promise<Tagged & { created: boolean }> {
    const headers = { "content-type": "application/json", ...(options.ifAbsent ? { "if-none-match": "*" } : {}) };
    return this.#tagged("PUT", servicePath(namespace, spec.name), options, headers, JSON.stringify(spec));
  }

  async listNamespaces(): Promise<NamespaceView[]> {
    return (await this.#transport.json<NamespaceView[]>("GET", namespacesPath)).value;
  }

  /** Makes it unless it is there. */
  async createNamespace(namespace: string): Promise<NamespaceView> {
    return (await this.#transport.json<NamespaceView>("PUT", namespacePath(namespace))).value;
  }

  /** Those assigned to a namespace. */
  async listDomains(namespace: string): Promise<DomainView[]> {
    return (await this.#transport.json<DomainView[]>("GET", domainsPath(namespace))).value;
  }

  /** Throws `domain.invalid` and `domain.taken`. */
  async assignDomain(namespace: string, domain: string): Promise<DomainView> {
    return (await this.#transport.json<DomainView>("PUT", domainPath(namespace, domain))).value;
  }

  async removeDomain(namespace: string, domain: string): Promise<void> {
    await this.#transport.json("DELETE", domainPath(namespace, domain));
  }

  async deleteService(namespace: string, name: string, options: ChangeOptions = {}): Promise<void> {
    const { ifMatch, signal } = options;
    const headers = ifMatch === undefined ? {} : { "if-match": ifMatch };
    await this.#transport.json("DELETE", servicePath(namespace, name), { headers, signal });
  }

  async startService(namespace: string, name: string, options: ChangeOptions = {}): Promise<Tagged> {
    return this.#tagged("POST", `${servicePath(namespace, name)}/start`, options);
  }

  async stopService(namespace: string, name: string, options: ChangeOptions = {}): Promise<Tagged> {
    return this.#tagged("POST", `${servicePath(namespace, name)}/stop`, options);
  }

  async restartService(namespace: string, name: string, options: ChangeOptions = {}): Promise<Tagged> {
    return this.#tagged("POST", `${servicePath(namespace, name)}/restart`, options);
  }

  async listVolumes(namespace: string): Promise<VolumeView[]> {
    return (await this.#transport.json<VolumeView[]>("GET", volumesPath(namespace))).value;
  }

  /** Throws `volume.unknown` and `volume.in-use`. */
  async deleteVolume(namespace: string, name: string): Promise<void> {
    await this.#transport.json("DELETE", volumePath(namespace, name), {});
  }

  async listStores(namespace: string): Promise<StoreView[]> {
    return (await this.#transport.json<StoreView[]>("GET", storesPath(namespace))).value;
  }

  /** Throws `store.unknown` and `store.in-use`. */
  async deleteStore(namespace: string, name: string): Promise<void> {
    await this.#transport.json("DELETE", storePath(namespace, name), {});
  }

  async listCertificates(): Promise<CertificateView[]> {
    return (await this.#transport.json<CertificateView[]>("GET", certificatesPath)).value;
  }

  async localAuthority(): Promise<LocalAuthorityView> {
    return (await this.#transport.json<LocalAuthorityView>("GET", localAuthorityPath)).value;
  }

  async listAcmeNames(): Promise<AcmeNameView[]> {
    return (await this.#transport.json<AcmeNameView[]>("GET", acmeNamesPath)).value;
  }

  /** Orders a certificate now. Throws `acme.*` with why there is none. */
  async renewCertificate(host: string): Promise<AcmeNameView> {
    return (await this.#transport.json<AcmeNameView>("POST", acmeNamePath(host, "renew"))).value;
  }

  async revokeCertificate(host: string, reason?: RevocationReason): Promise<void> {
    await this.#transport.json("POST", acmeNamePath(host, "revoke") + query({ reason }));
  }

  /** Gives the daemon's ACME accounts new keys. */
  async changeAcmeKeys(): Promise<void> {
    await this.#transport.json("POST", changeAcmeKeysPath);
  }

  /** The size of a program the daemon has, undefined when it has it not. */
  async programBytes(namespace: string, digest: Digest): Promise<number | undefined> {
    try {
      const answer = await this.#transport.open("HEAD", programPath(namespace, digest), {});
      answer.resume();
      return Number(answer.headers["content-length"]);
    } catch (error) {
      if (error instanceof WarrenError && error.status === 404) return undefined;
      throw error;
    }
  }

  /**
   * Uploads a program unless the daemon has it: a file, which is streamed, or bytes. False when there was nothing to do.
   * Throws `program.not-found` and `program.unreadable` beside the daemon's `blob.*`.
   */
  async uploadProgram(
    namespace: string,
    source: string | Uint8Array,
    digest: Digest,
    options: UploadOptions = {},
  ): Promise<boolean> {
    const total = typeof source === "string" ? await fileBytes(source) : source.length;
    if ((await this.programBytes(namespace, digest)) !== undefined) return false;
    const headers = { "content-type": "application/octet-stream", "content-length": String(total) };
    const body = withProgress(
      typeof source === "string" ? fileChunks(source) : bytesChunks(source),
      total,
      options.onProgress,
    );
    await this.#transport.json("PUT", programPath(namespace, digest), { headers, body, signal: options.signal });
    return true;
  }

  /** Log lines, oldest first; with `follow` it goes on until the signal, or the service is deleted. */
  logs(
    namespace: string,
    name: string,
    { signal, ...rest }: LogOptions = {},
  ): AsyncGenerator<LogLine, void, undefined> {
    return this.#transport.lines<LogLine>(`${servicePath(namespace, name)}/logs${query({ ...rest })}`, { signal });
  }

  /** Events, oldest first; with `follow` it goes on until the signal. */
  events({ signal, ...rest }: EventOptions = {}): AsyncGenerator<EventView, void, undefined> {
    return this.#transport.lines<EventView>(eventsPath + query({ ...rest }), { signal });
  }

  async #tagged(
    method: string,
    path: string,
    { ifMatch, signal }: ChangeOptions,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<Tagged & { created: boolean }> {
    const guard = ifMatch === undefined ? {} : { "if-match": ifMatch };
    const { value, status, etag } = await this.#transport.json<ServiceView>(method, path, {
      headers: { ...headers, ...guard },
      body,
      signal,
    });
    return { service: value, etag: etag ?? "", created: status === 201 };
  }
}

async function fileBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT")
      throw new WarrenError("program.not-found", `there is no file ${path}`, { status: 404, cause: error });
    throw new WarrenError("program.unreadable", `cannot read ${path}: ${code}`, { cause: error });
  }
}

function fileChunks(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: uploadChunkBytes });
}

async function* bytesChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += uploadChunkBytes) yield bytes.subarray(at, at + uploadChunkBytes);
}

async function* withProgress(
  chunks: AsyncIterable<Uint8Array>,
  total: number,
  onProgress: UploadOptions["onProgress"],
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of chunks) {
    yield chunk;
    sent += chunk.length;
    onProgress?.(sent, total);
  }
}
