import type { Fields } from "../../http/fields.ts";
import { getMethod, isMethod, type Method } from "../../http/method.ts";
import { isPathWithQuery, isScheme, parseAuthority, type Scheme } from "../../http/uri-syntax.ts";
import { err, ok, type WitResult } from "../result.ts";
import { contentLengthOf } from "./content-length.ts";
import type { HttpHost } from "./host.ts";
import { OutgoingBody } from "./outgoing-body.ts";

type Set = WitResult<undefined, undefined>;
const refused: WitResult<never, undefined> = err(undefined);
const done: Set = ok(undefined);

/** `outgoing-request` of wasi:http/types. */
export class OutgoingRequest {
  method: Method = getMethod;
  pathWithQuery: string | undefined;
  scheme: Scheme | undefined;
  authority: string | undefined;
  /** Undefined until the guest takes it. */
  content: OutgoingBody | undefined;
  readonly fields: Fields;
  readonly #host: HttpHost;

  /** Takes the fields over. */
  constructor(host: HttpHost, fields: Fields) {
    fields.freeze();
    this.#host = host;
    this.fields = fields;
  }

  body(): WitResult<OutgoingBody, undefined> {
    if (this.content !== undefined) return refused;
    const length = contentLengthOf(this.fields);
    if (length === "invalid") return refused;
    this.content = new OutgoingBody(this.#host, "HTTP-request-body-size", length);
    return ok(this.content);
  }

  setMethod(method: Method): Set {
    if (!isMethod(method)) return refused;
    this.method = method;
    return done;
  }

  setPathWithQuery(path: string | undefined): Set {
    if (path !== undefined && !isPathWithQuery(path)) return refused;
    this.pathWithQuery = path;
    return done;
  }

  setScheme(scheme: Scheme | undefined): Set {
    if (scheme?.tag === "other" && !isScheme(scheme.val)) return refused;
    this.scheme = scheme;
    return done;
  }

  setAuthority(authority: string | undefined): Set {
    if (authority !== undefined && parseAuthority(authority) === undefined) return refused;
    this.authority = authority;
    return done;
  }

  headers(): Fields {
    this.#host.resources.add();
    return this.fields.view();
  }

  /** It was sent, or is not to be. */
  drop(): void {
    this.#host.resources.remove();
    this.fields.release();
  }
}
