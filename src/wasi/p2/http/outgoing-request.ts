import type { Fields } from "../../http/fields.ts";
import { getMethod, isMethod, type Method } from "../../http/method.ts";
import { isPathWithQuery, isScheme, parseAuthority, type Scheme } from "../../http/uri-syntax.ts";
import type { WitResult } from "../result.ts";
import type { HttpHost } from "./host.ts";
import { done, OutgoingMessage, refused } from "./outgoing-message.ts";

type Set = WitResult<undefined, undefined>;

/** `outgoing-request` of wasi:http/types. */
export class OutgoingRequest extends OutgoingMessage {
  method: Method = getMethod;
  pathWithQuery: string | undefined;
  scheme: Scheme | undefined;
  authority: string | undefined;

  /** Takes the fields over. */
  constructor(host: HttpHost, fields: Fields) {
    super(host, fields, "HTTP-request-body-size");
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
}
