import type { HostInterface } from "../../../component/host.ts";
import type { HttpHost } from "./host.ts";
import { httpOutgoingHandler } from "./outgoing-handler.ts";
import { httpTypes } from "./types.ts";

/** wasi:http, as far as it is imported. */
export const httpInterfaces: readonly HostInterface<HttpHost>[] = [httpTypes, httpOutgoingHandler];
