import type { HostInterface } from "../../../component/host.ts";
import { Call } from "../../http/call.ts";
import { type ErrorCode, type ErrorTag, errorCode } from "../../http/error-code.ts";
import type { Field } from "../../http/fields.ts";
import type { SentHead } from "../../http/http-client.ts";
import { methodText } from "../../http/method.ts";
import { parseAuthority } from "../../http/uri-syntax.ts";
import { err, ok, type WitResult } from "../result.ts";
import { contentLengthOf } from "./content-length.ts";
import { FutureIncomingResponse } from "./future-incoming-response.ts";
import type { HttpHost } from "./host.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import { type RequestOptions, timeoutsOf } from "./request-options.ts";

export const httpOutgoingHandler: HostInterface<HttpHost> = {
  name: "wasi:http/outgoing-handler",
  version: "0.2",
  wit: `
    interface outgoing-handler {
      use wasi:http/types.{outgoing-request, request-options, future-incoming-response, error-code};
      handle: func(request: outgoing-request, options: option<request-options>) -> result<future-incoming-response, error-code>;
    }`,
  blocking: [],
  functions: (host) => ({
    handle: (request: OutgoingRequest, options: RequestOptions | undefined) => {
      if (options !== undefined) host.resources.remove();
      try {
        return send(host, request, options);
      } finally {
        request.drop();
      }
    },
  }),
};

function send(
  host: HttpHost,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): WitResult<FutureIncomingResponse, ErrorCode> {
  const { http } = host;
  const { content } = request;
  const head = http.client === undefined ? errorCode("HTTP-request-denied") : headOf(request);
  if ("tag" in head || http.client === undefined || !http.mayCall) {
    content?.discard();
    return err("tag" in head ? head : errorCode("connection-limit-reached"));
  }
  const call = new Call(http.client, head, content, timeoutsOf(options));
  http.began(call);
  return ok(new FutureIncomingResponse(host, call));
}

function headOf(request: OutgoingRequest): SentHead | ErrorCode {
  const { method, scheme, authority, content, fields } = request;
  if (scheme?.tag === "other") return errorCode("HTTP-protocol-error");
  // What a connection that leads elsewhere afterwards is for has no place here.
  if (method.tag === "connect") return errorCode("HTTP-request-method-invalid");
  const secure = scheme?.tag !== "HTTP";
  const parsed = parseAuthority(authority ?? "");
  if (authority === undefined || parsed === undefined) return errorCode("HTTP-request-URI-invalid");
  const text = methodText(method);
  const sent: Field[] = [["host", authority], ...fields.list];
  const length = contentLengthOf(fields);
  if (length === "invalid") return errorCode("HTTP-protocol-error");
  if (content === undefined) {
    if (length !== undefined && length > 0) return errorCode("HTTP-request-body-size" satisfies ErrorTag, 0n);
    if (length === undefined && mayHaveBody(text)) sent.push(["content-length", "0"]);
  } else if (length === undefined) {
    const { flow, trailers } = content;
    // All of it is there already.
    const whole = flow.closed && flow.failure === undefined && trailers.length === 0;
    if (!whole) sent.push(["transfer-encoding", "chunked"]);
    else if (flow.bytes > 0 || mayHaveBody(text)) sent.push(["content-length", String(flow.bytes)]);
  }
  const { pathWithQuery: path = "" } = request;
  return {
    origin: { secure, host: parsed.host, port: parsed.port ?? (secure ? 443 : 80) },
    method: text,
    path: path === "" ? "/" : path.startsWith("?") ? `/${path}` : path,
    fields: sent,
  };
}

/** RFC 9110 §8.6: with these methods a missing body is said to be none. */
function mayHaveBody(method: string): boolean {
  return method === "POST" || method === "PUT" || method === "PATCH";
}
