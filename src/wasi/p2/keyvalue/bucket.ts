import type { KeyValueBucket } from "../../keyvalue/key-value-store.ts";
import type { P2Host } from "../host.ts";

/** `wasi:keyvalue/store.bucket` */
export class Bucket {
  readonly host: P2Host;
  readonly values: KeyValueBucket;

  constructor(host: P2Host, values: KeyValueBucket) {
    host.resources.add();
    this.host = host;
    this.values = values;
  }

  drop(): void {
    this.host.resources.remove();
  }
}
