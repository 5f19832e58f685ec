import { WarrenError } from "../../base/errors.ts";
import { acceptedCodings } from "../../net/accept-encoding.ts";
import type { ServicePolicy } from "../../net/service-policy.ts";
import type { Activity, RequestTarget, TargetRequest, TargetResponse } from "../../net/target.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { OpenDirectory } from "../../wasi/files/open-directory.ts";
import { contentType, hasExtension, isCompressible } from "./content-type.ts";
import { answerFile } from "./file-answer.ts";
import { type FoundFile, isRegularFile, openStatic, preferCompressed } from "./found-file.ts";
import { PiecePool } from "./piece-pool.ts";
import { emptyAnswer, plainAnswer } from "./plain-answer.ts";
import { requestFields } from "./request-fields.ts";
import { cacheControl, indexName, type SiteOptions } from "./site-options.ts";
import { staticPath } from "./static-path.ts";

const allow = ["Allow", "GET, HEAD, OPTIONS"] as const;

/** A directory as a web site: GET and HEAD of the files beneath it, without a guest. */
export class StaticSite implements RequestTarget {
  readonly kind = "request";
  readonly activity: Activity;
  readonly policy: ServicePolicy | undefined;
  readonly #root: OpenDirectory;
  readonly #options: SiteOptions;
  readonly #pool = new PiecePool();

  /** The directory stays the caller's. */
  constructor(root: OpenDirectory, options: SiteOptions, activity: Activity, policy?: ServicePolicy) {
    this.#root = root;
    this.#options = options;
    this.activity = activity;
    this.policy = policy;
  }

  async handle(request: TargetRequest): Promise<TargetResponse> {
    request.body.cancel();
    const { method, path: target } = request;
    if (method === "OPTIONS") return emptyAnswer(204, [allow]);
    if (method !== "GET" && method !== "HEAD") return plainAnswer(405, "only GET and HEAD are answered here", [allow]);
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    const wanted = staticPath(path, request.mountedAt);
    if (wanted.kind === "refused")
      return wanted.status === 400 ? plainAnswer(400, "the path is not that of a file") : this.#missing("");
    const name = wanted.slash ? join(wanted.path, indexName) : wanted.path;
    // The site's directory, asked for without a slash, has no name.
    const found = name === "" ? "directory" : openStatic(this.#root, name);
    if (found === "directory") {
      if (wanted.slash || !isRegularFile(this.#root, join(name, indexName))) return this.#missing(name);
      // The links of a page are relative to the last slash of its path.
      const location = `${path}/${mark < 0 ? "" : target.slice(mark)}`;
      return plainAnswer(301, "the path of a directory ends in a slash", [["Location", location]]);
    }
    return typeof found === "number"
      ? this.#unopened(found, wanted.path, method, request)
      : this.#answer(found, name, method, request, "");
  }

  #unopened(failure: Result, name: string, method: "GET" | "HEAD", request: TargetRequest): TargetResponse {
    if (outOfResources.has(-failure))
      throw new WarrenError("service.unavailable", `no file can be opened now (errno ${-failure} of WASI)`, {
        status: 503,
      });
    if (failure === -errno.IO) throw new WarrenError("static.unreadable", `${name} could not be opened`);
    const { spa } = this.#options;
    if (spa === undefined || hasExtension(name) || !acceptsPages(request)) return this.#missing(name);
    const page = openStatic(this.#root, spa);
    return typeof page === "object" ? this.#answer(page, spa, method, request, "Accept") : this.#missing(name);
  }

  #missing(name: string): TargetResponse {
    const varies = this.#options.spa !== undefined && !hasExtension(name);
    return plainAnswer(404, "there is no such file", varies ? [["Vary", "Accept"]] : []);
  }

  #answer(
    file: FoundFile,
    name: string,
    method: "GET" | "HEAD",
    { headers }: TargetRequest,
    varies: string,
  ): TargetResponse {
    const pool = this.#pool;
    const fields = requestFields(headers);
    const type = contentType(name);
    const cache = cacheControl(this.#options, name, type);
    if (!isCompressible(name)) return answerFile(file, { method, fields, type, vary: varies, cache, pool });
    const found = preferCompressed(this.#root, name, file, acceptedCodings(fields.acceptEncoding));
    const vary = varies === "" ? "Accept-Encoding" : `${varies}, Accept-Encoding`;
    return answerFile(found, { method, fields, type, vary, cache, pool });
  }
}

const outOfResources: ReadonlySet<number> = new Set([errno.MFILE, errno.NFILE, errno.NOMEM]);
/** Named, and not with a weight of 0 (RFC 9110 §12.5.1). */
const page = /(?:^|[,\s])(?:text\/html|application\/xhtml\+xml)\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))/i;

/** A browser that goes to a page names its type; those that fetch scripts, images and data do not. */
function acceptsPages({ headers }: TargetRequest): boolean {
  return headers.some(([name, value]) => name === "accept" && page.test(value));
}

function join(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
