import type { BrotliCompress, Gzip, ZstdCompress } from "node:zlib";
import type { ContentCoding } from "../accept-encoding.ts";

export type Encoder = BrotliCompress | Gzip | ZstdCompress;

/**
 * Windows of 256 KiB (gzip: 32 KiB) and the levels that compress while an answer is on its way: an encoder holds 0.3 to 2 MiB, and
 * makes 50 to 200 MB/s of text smaller. Each is far within what every client must take (RFC 9659: 8 MiB for zstd).
 */
const windowBits = 18;

/** A stream that compresses, by libuv's threads. */
export function createEncoder(coding: ContentCoding): Encoder {
  const { constants, createBrotliCompress, createGzip, createZstdCompress } = zlib();
  switch (coding) {
    case "br":
      return createBrotliCompress({
        params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: windowBits },
      });
    case "zstd":
      return createZstdCompress({
        params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: windowBits },
      });
    case "gzip":
      return createGzip({ level: 5 });
    default:
      return coding satisfies never;
  }
}

/** What has the encoder give out all that it was given, so that the other end can decode it. */
export function flushKind(coding: ContentCoding): number {
  const { constants } = zlib();
  switch (coding) {
    case "br":
      return constants.BROTLI_OPERATION_FLUSH;
    case "zstd":
      return constants.ZSTD_e_flush;
    case "gzip":
      return constants.Z_SYNC_FLUSH;
    default:
      return coding satisfies never;
  }
}

/** Loaded with the first answer that is compressed: it takes 3 MiB. */
function zlib(): typeof import("node:zlib") {
  return process.getBuiltinModule("node:zlib");
}
