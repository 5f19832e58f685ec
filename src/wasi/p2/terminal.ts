import { CountedResource } from "./counted-resource.ts";

/** `terminal-input` and `terminal-output` of `wasi:cli`, which say no more than that there is one. */
export class Terminal extends CountedResource {}
