import { CountedResource } from "../counted-resource.ts";

/** `wasi:sockets/network.network`: an instance has one, and what it may reach is decided at each call. */
export class NetworkHandle extends CountedResource {}
