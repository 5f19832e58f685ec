import type { Decision, RequestView } from "../dispatch.ts";
import { hostName } from "../http1/host.ts";
import type { Match } from "../router.ts";
import type { FrontTls } from "./front-tls.ts";

/**
 * The decision on a request by plain HTTP that is to come over TLS; undefined for one that is served as it is. It is
 * redirected where its host has a certificate that clients know, and an https listener is open.
 */
export function leavePlain(tls: FrontTls, request: RequestView, match: Match): Decision | undefined {
  if (match.tls === "off") return undefined;
  if (match.tls === "only") {
    const message = "this service is reached by https:// only";
    return { kind: "error", error: { status: 403, code: "request.plain", message } };
  }
  const { redirect } = tls;
  if (match.tls === "passthrough" && redirect === undefined) {
    const message = "this service is reached by TLS only, and no https listener is open";
    return { kind: "error", error: { status: 403, code: "request.plain", message } };
  }
  if (redirect === undefined || !(match.tls === "passthrough" || tls.certificates.known(hostName(request.host))))
    return undefined;
  return { kind: "answer", answer: redirect.answer(request, match) };
}
