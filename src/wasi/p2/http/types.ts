import type { HostInterface } from "../../../component/host.ts";
import type { ErrorCode } from "../../http/error-code.ts";
import type { Fields } from "../../http/fields.ts";
import type { Method } from "../../http/method.ts";
import type { Scheme } from "../../http/uri-syntax.ts";
import type { IoError } from "../io-error.ts";
import type { WitResult } from "../result.ts";
import { fieldFunctions } from "./fields.ts";
import type { FutureIncomingResponse } from "./future-incoming-response.ts";
import type { HttpHost } from "./host.ts";
import type { FutureTrailers, IncomingBody } from "./incoming-body.ts";
import type { IncomingRequest } from "./incoming-request.ts";
import type { IncomingResponse } from "./incoming-response.ts";
import type { OutgoingBody } from "./outgoing-body.ts";
import { OutgoingRequest } from "./outgoing-request.ts";
import { OutgoingResponse } from "./outgoing-response.ts";
import { RequestOptions } from "./request-options.ts";
import type { ResponseOutparam } from "./response-outparam.ts";
import { typesWit } from "./types-wit.ts";

type Timeout = bigint | undefined;

export const httpTypes: HostInterface<HttpHost> = {
  name: "wasi:http/types",
  version: "0.2",
  wit: typesWit,
  blocking: [],
  functions: (host) => ({
    "http-error-code": (error: IoError) => (error.cause?.domain === "http" ? error.cause.code : undefined),
    ...fieldFunctions(host),

    "[method]incoming-request.method": (self: IncomingRequest) => self.method(),
    "[method]incoming-request.path-with-query": (self: IncomingRequest) => self.pathWithQuery(),
    "[method]incoming-request.scheme": (self: IncomingRequest) => self.scheme(),
    "[method]incoming-request.authority": (self: IncomingRequest) => self.authority(),
    "[method]incoming-request.headers": (self: IncomingRequest) => self.headers(),
    "[method]incoming-request.consume": (self: IncomingRequest) => self.consume(),
    "[resource-drop]incoming-request": () => {},

    "[constructor]outgoing-request": (fields: Fields) => new OutgoingRequest(host, fields),
    "[method]outgoing-request.body": (self: OutgoingRequest) => self.body(),
    "[method]outgoing-request.method": (self: OutgoingRequest) => self.method,
    "[method]outgoing-request.set-method": (self: OutgoingRequest, method: Method) => self.setMethod(method),
    "[method]outgoing-request.path-with-query": (self: OutgoingRequest) => self.pathWithQuery,
    "[method]outgoing-request.set-path-with-query": (self: OutgoingRequest, path: string | undefined) =>
      self.setPathWithQuery(path),
    "[method]outgoing-request.scheme": (self: OutgoingRequest) => self.scheme,
    "[method]outgoing-request.set-scheme": (self: OutgoingRequest, scheme: Scheme | undefined) =>
      self.setScheme(scheme),
    "[method]outgoing-request.authority": (self: OutgoingRequest) => self.authority,
    "[method]outgoing-request.set-authority": (self: OutgoingRequest, authority: string | undefined) =>
      self.setAuthority(authority),
    "[method]outgoing-request.headers": (self: OutgoingRequest) => self.headers(),
    "[resource-drop]outgoing-request": (self: OutgoingRequest) => self.drop(),

    "[constructor]request-options": () => {
      host.resources.add();
      return new RequestOptions();
    },
    "[method]request-options.connect-timeout": (self: RequestOptions) => self.connectTimeout,
    "[method]request-options.set-connect-timeout": (self: RequestOptions, value: Timeout) =>
      self.set("connectTimeout", value),
    "[method]request-options.first-byte-timeout": (self: RequestOptions) => self.firstByteTimeout,
    "[method]request-options.set-first-byte-timeout": (self: RequestOptions, value: Timeout) =>
      self.set("firstByteTimeout", value),
    "[method]request-options.between-bytes-timeout": (self: RequestOptions) => self.betweenBytesTimeout,
    "[method]request-options.set-between-bytes-timeout": (self: RequestOptions, value: Timeout) =>
      self.set("betweenBytesTimeout", value),
    "[resource-drop]request-options": () => host.resources.remove(),

    "[method]response-outparam.send-informational": (self: ResponseOutparam, status: number, fields: Fields) =>
      self.sendInformational(status, fields),
    "[static]response-outparam.set": (self: ResponseOutparam, response: WitResult<OutgoingResponse, ErrorCode>) =>
      self.set(response),
    "[resource-drop]response-outparam": (self: ResponseOutparam) => self.drop(),

    "[method]incoming-response.status": (self: IncomingResponse) => self.status(),
    "[method]incoming-response.headers": (self: IncomingResponse) => self.headers(),
    "[method]incoming-response.consume": (self: IncomingResponse) => self.consume(),
    "[resource-drop]incoming-response": (self: IncomingResponse) => self.drop(),

    "[method]incoming-body.stream": (self: IncomingBody) => self.stream(),
    "[static]incoming-body.finish": (self: IncomingBody) => self.finish(),
    "[resource-drop]incoming-body": (self: IncomingBody) => self.drop(),

    "[method]future-trailers.subscribe": (self: FutureTrailers) => self.subscribe(),
    "[method]future-trailers.get": (self: FutureTrailers) => self.get(),
    "[resource-drop]future-trailers": (self: FutureTrailers) => self.drop(),

    "[constructor]outgoing-response": (fields: Fields) => new OutgoingResponse(host, fields),
    "[method]outgoing-response.status-code": (self: OutgoingResponse) => self.status,
    "[method]outgoing-response.set-status-code": (self: OutgoingResponse, status: number) => self.setStatusCode(status),
    "[method]outgoing-response.headers": (self: OutgoingResponse) => self.headers(),
    "[method]outgoing-response.body": (self: OutgoingResponse) => self.body(),
    "[resource-drop]outgoing-response": (self: OutgoingResponse) => self.drop(),

    "[method]outgoing-body.write": (self: OutgoingBody) => self.write(),
    "[static]outgoing-body.finish": (self: OutgoingBody, trailers: Fields | undefined) => self.finish(trailers),
    "[resource-drop]outgoing-body": (self: OutgoingBody) => self.drop(),

    "[method]future-incoming-response.subscribe": (self: FutureIncomingResponse) => self.subscribe(),
    "[method]future-incoming-response.get": (self: FutureIncomingResponse) => self.get(),
    "[resource-drop]future-incoming-response": (self: FutureIncomingResponse) => self.drop(),
  }),
};
